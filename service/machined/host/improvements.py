"""Where the service does better than systemd-machined, each a switch: `docs/differences.md` says why."""

from __future__ import annotations

from typing import NamedTuple


class Improvements(NamedTuple):
    """What is done otherwise than systemd-machined does it. Whatever is false is done as there.

    Attributes:
        finds_methods_without_interface: A call that names no interface is answered; else nothing is found.
        checks_property_arguments: Arguments of Properties.Get and Set are of its signature, or InvalidArgs.
        tells_of_operations: `io.machinedeck.Operations1` is there, by which long work can be cancelled too.
        explains_what_is_not_supported: NotSupported comes with a sentence; else with strerror(3)'s.
        frees_refused_names: The name of a refused registration is free at once; else a moment later.
        keeps_scope_properties: A scope property that PID 1 does not know is an error; else none is given.
        takes_pid_0_for_caller: A 0 in the scope property PIDs is the caller; else it is this process.
        stops_scopes_alone: A unit that has ended is stopped once more only where it was made for its machine.
        looks_for_ended_jobs: A job that ended while nobody served is crossed out; else the machine opens on.
        binds_with_ids: Machines with ids of their own can have mounts; else NotSupported.
        keeps_mounts_inside: What a machine mounts below a mount it was given stays there.
        enters_without_manager: A shell comes also where no service manager could start it.
        finds_bus_in_run: The bus of a machine that has no /var/run is looked for in /run.
        prompts_again: A login prompt comes also where systemd started it too often of late.
        bounds_os_release: An os-release ends at 64 KiB; else at 64 MiB.
        refuses_procfs_links: Links like `/proc/1/root` are not followed in an os-release and paths of copies;
            else they are, where they lead to a mount of the machine.
        drops_rights_of_copies: A file that gets another owner by a copy is no longer set-user-ID.
        keeps_holes: A copy has holes where the original has; else they are filled.
        hides_unfinished_files: A copied file gets its name when it is whole; else from the beginning.
        stops_at_full_disk: A copy of a tree ends at the first file without room; else it tries the others.
        refuses_doubled_names: Whoever names a parameter of a varlink call twice is cut off.
        removes_user_socket: The socket of the user database goes with the service.
        hides_what_is_cloned: A copy of a tree gets its name when it is whole; else it has it all along.
        hides_what_is_removed: A tree has a hidden name while it is removed; else it keeps its own.
        removes_marked_files: What is marked immutable in a tree is removed with it; else it stays.
        copies_root_attributes: The root of a copied tree is like that of the original; else a new folder's,
            and folders in a snapshot that have subvolumes in them have new times.
        marks_links: A directory that a symbolic link leads to can be marked read-only; else ELOOP.
        reads_without_locking: A short look into an image makes no lock file; else it locks it, shared.
        clones_host_and_links: `.host`, and images that are symbolic links, can be cloned.
        knows_all_side_files: Files of dm-verity and OCI go with an image, and copies next to the copy.
        spares_raw_images: A raw image that is marked read-only is not defragmented.
        skips_unfollowable_links: A link that leads to itself is no image; else no image can be found.
        finds_long_names: Names of more than 251 bytes are looked for, and images of 250 and more locked; else
            ENAMETOOLONG.
        finds_all_that_is_listed: Each image that is listed is found by its name.
        loses_no_images: No image is copied or renamed to where it would be none.
    """

    finds_methods_without_interface: bool = True
    checks_property_arguments: bool = True
    tells_of_operations: bool = True
    explains_what_is_not_supported: bool = True
    frees_refused_names: bool = True
    keeps_scope_properties: bool = True
    takes_pid_0_for_caller: bool = True
    stops_scopes_alone: bool = True
    looks_for_ended_jobs: bool = True
    binds_with_ids: bool = True
    keeps_mounts_inside: bool = True
    enters_without_manager: bool = True
    finds_bus_in_run: bool = True
    prompts_again: bool = True
    bounds_os_release: bool = True
    refuses_procfs_links: bool = True
    drops_rights_of_copies: bool = True
    keeps_holes: bool = True
    hides_unfinished_files: bool = True
    stops_at_full_disk: bool = True
    refuses_doubled_names: bool = True
    removes_user_socket: bool = True
    hides_what_is_cloned: bool = True
    hides_what_is_removed: bool = True
    removes_marked_files: bool = True
    copies_root_attributes: bool = True
    marks_links: bool = True
    reads_without_locking: bool = True
    clones_host_and_links: bool = True
    knows_all_side_files: bool = True
    spares_raw_images: bool = True
    skips_unfollowable_links: bool = True
    finds_long_names: bool = True
    finds_all_that_is_listed: bool = True
    loses_no_images: bool = True


ALL = Improvements()
NONE = Improvements(*(False for _ in Improvements._fields))
"""What `--strict` asks for."""


def wanted(*, is_strict: bool) -> Improvements:
    """The switches as the command line has them."""
    return NONE if is_strict else ALL
