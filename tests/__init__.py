"""The tests of Machinedeck, in folders that mirror what they prove."""
