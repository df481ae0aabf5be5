"""Runs inside the sandbox, under the pipeline's interpreter, as text given to `python -c`: makes an environment.

The standard library's own way starts pip to install pip, which takes five to nine seconds of processor time. The same
wheels unpacked give the same environment in a quarter of a second; where they are not found its own way is taken.
Kept to what every Python since 3.8 understands.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile

STARTED = "#!{python}\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"
BUNDLED = ("pip-", "setuptools-")


def bundled_wheels() -> list[str]:
    """Paths of the wheels the interpreter carries to make environments with."""
    standard_library = os.path.dirname(os.__file__)
    folders = [os.path.join(standard_library, "ensurepip", "_bundled"), sysconfig.get_config_var("WHEEL_PKG_DIR") or ""]
    found: dict[str, str] = {}
    for folder in filter(os.path.isdir, folders):
        for name in sorted(os.listdir(folder)):
            if name.startswith(BUNDLED) and name.endswith(".whl"):
                found.setdefault(name.split("-")[0], os.path.join(folder, name))
    return list(found.values()) if "pip" in found else []


def main(home: str) -> int:
    """Make the environment at `home`; the exit code tells whether it stands."""
    venv.EnvBuilder(symlinks=True).create(home)
    python = os.path.join(home, "bin", "python")
    wheels = bundled_wheels()
    if not wheels:
        return subprocess.call([python, "-m", "ensurepip", "--default-pip"])
    packages = os.path.join(home, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages)
    for name in ("pip", "pip3"):
        path = os.path.join(home, "bin", name)
        with open(path, "w") as file:
            file.write(STARTED.format(python=python))
        os.chmod(path, 0o755)  # noqa: S103 - a program must be executable
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
