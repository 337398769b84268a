# SPDX-License-Identifier: MIT
"""The build backend (PEP 517) of the package: one C file, one wheel, nothing downloaded.

libnodewise comes from the tree that this folder lies in, where `./do build` has made it (NODEWISE_BUILD
names another build folder), or else from pkg-config (nodewise-relay). The wheel is for the stable ABI
of Python 3.11 and later.
"""
import base64
import hashlib
import os
import pathlib
import shlex
import subprocess
import sysconfig
import tarfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent
NAME, VERSION = "nodewise", "0.1.0"
INFO = f"{NAME}-{VERSION}.dist-info"
METADATA = f"""Metadata-Version: 2.1
Name: {NAME}
Version: {VERSION}
Summary: Producers and subscribers of a nodewise relay, over shared memory
License: MIT
Requires-Python: >=3.11
"""


def tag():
    machine = os.uname().machine
    return f"cp311-abi3-linux_{machine}"


def pkg_config(*words):
    done = subprocess.run(["pkg-config", *words], capture_output=True, text=True, check=False)
    return shlex.split(done.stdout) if done.returncode == 0 else None


def libraries():
    """Flags to compile and to link with: the tree's static libraries, else what is installed."""
    build = pathlib.Path(os.environ.get("NODEWISE_BUILD", TREE / "build/release"))
    archives = [build / "lib" / name
                for name in ("libnodewise-relay.a", "libnodewise.a")]
    if all(archive.exists() for archive in archives):
        rest = pkg_config("--libs", "hwloc", "numa", "libxxhash", "libzstd") or \
            ["-lhwloc", "-lnuma", "-lxxhash", "-lzstd"]
        return ["-I", str(TREE / "include")], [*map(str, archives), *rest, "-pthread"]
    flags = pkg_config("--cflags", "nodewise-relay"), pkg_config("--libs", "nodewise-relay", "nodewise")
    if None in flags:
        raise SystemExit("nodewise: no libnodewise here: ./do build in the tree, or install it and "
                         "set PKG_CONFIG_PATH")
    return flags


def compile_extension(folder):
    include, link = libraries()
    headers = os.environ.get("NODEWISE_PYTHON_INCLUDE") or sysconfig.get_paths()["include"]
    if not pathlib.Path(headers, "Python.h").exists():
        raise SystemExit(f"nodewise: no Python.h in {headers}: apt-get install python3-dev")
    output = pathlib.Path(folder, "_relay.abi3.so")
    command = [os.environ.get("CC", "cc"), "-std=c17", "-D_GNU_SOURCE", "-O2", "-g", "-fPIC",
               "-shared", "-Wall", "-Wextra", "-fvisibility=hidden", "-I", headers, *include,
               str(HERE / "nodewise/_relay.c"), "-o", str(output), *link,
               *shlex.split(os.environ.get("CFLAGS", ""))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"nodewise: {shlex.join(command)}\n{done.stderr}")
    return output


def record_line(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Make the wheel; returns its file name."""
    del config_settings, metadata_directory
    extension = compile_extension(wheel_directory)
    files = {f"{NAME}/{p.name}": p.read_bytes() for p in sorted((HERE / NAME).iterdir())
             if p.suffix in (".py", ".pyi", ".typed")}
    files[f"{NAME}/_relay.abi3.so"] = extension.read_bytes()
    files[f"{INFO}/METADATA"] = METADATA.encode()
    files[f"{INFO}/WHEEL"] = (f"Wheel-Version: 1.0\nGenerator: nodewise_build\n"
                              f"Root-Is-Purelib: false\nTag: {tag()}\n").encode()
    record = "".join(record_line(name, data) for name, data in files.items())
    files[f"{INFO}/RECORD"] = (record + f"{INFO}/RECORD,,\n").encode()
    wheel = f"{NAME}-{VERSION}-{tag()}.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, wheel), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    extension.unlink()
    return wheel


def build_sdist(sdist_directory, config_settings=None):
    """Make the source archive; returns its file name."""
    del config_settings
    root = f"{NAME}-{VERSION}"
    with tarfile.open(os.path.join(sdist_directory, root + ".tar.gz"), "w:gz") as archive:
        for name in ("pyproject.toml", "nodewise_build.py", NAME, "tests"):
            archive.add(HERE / name, f"{root}/{name}")
    return root + ".tar.gz"
