# SPDX-License-Identifier: MIT
"""What the checkers share: the list of files, C text without comments and strings, the report.

A checker prints one line a fault, `file:line: what is wrong`, and ends with 1; without a fault it
prints one closing line and ends with 0.
"""
import pathlib
import re
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARY = ("src", "engines", "lang")
C_FOLDERS = ("include",) + LIBRARY + ("apps", "bench", "examples", "tests")


def arguments(doc, usage=""):
    """The command line; --help prints the checker's own text. `| head` ends a checker quietly."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if len(sys.argv) > 1 and sys.argv[1] in ("-h", "--help"):
        print(f"usage: {pathlib.Path(sys.argv[0]).name} {usage}".rstrip() + "\n\n" + doc.strip())
        sys.exit(0)
    return sys.argv[1:]


def files(*suffixes):
    """Names below ROOT that git knows or would add, else every file outside build/; sorted."""
    out = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"],
                         capture_output=True, text=True, check=False)
    names = out.stdout.split("\n") if out.returncode == 0 and out.stdout else [
        p.relative_to(ROOT).as_posix() for p in ROOT.glob("**/*")]
    return sorted(n for n in set(names) if n.endswith(suffixes) and not n.startswith("build/")
                  and (ROOT / n).is_file())


def c_files(*folders):
    return [n for n in files(".c", ".h") if n.startswith(tuple(f + "/" for f in folders))]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def blank(text):
    """Spaces for comments and for what strings contain; lines stay where they are."""
    def space(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|"(\\.|[^"\\\n])*"|\'(\\.|[^\'\\\n])+\'', space, text, flags=re.S)


def finish(name, bad, good):
    print("\n".join(bad) if bad else f"{name}: {good}")
    return 1 if bad else 0
