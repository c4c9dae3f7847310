"""Zips functions, each `<name>/bootstrap` beside itself as `<name>.zip`, quickly rather than small.

    python pack.py FOLDER NAME...
"""

import concurrent.futures
import os
import pathlib
import sys
import zipfile


def pack(bootstrap):
    zipped = bootstrap.parent.with_suffix(".zip")
    beside = zipped.with_suffix(".new")
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(bootstrap, "bootstrap")
    os.replace(beside, zipped)


def main():
    folder, *names = sys.argv[1:]
    # Deflating releases the interpreter's lock.
    with concurrent.futures.ThreadPoolExecutor() as threads:
        list(threads.map(pack, [pathlib.Path(folder, name, "bootstrap") for name in names]))


if __name__ == "__main__":
    main()
