#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a virtual environment with the current PyTorch, for its CPU part alone, and prints how to use
# it. usage: setup_pytorch.sh FOLDER
#
# PyTorch's Linux wheel from PyPI is linked with CUDA libraries, some gigabytes in all, without which
# it does not load. None of them is called on a CPU: in their places stand libraries of the same
# names and symbols, in which every call answers that there is no device. Needs a C compiler.
set -eu

folder=${1:?usage: setup_pytorch.sh FOLDER}
python3 -m venv "$folder"
pip="$folder/bin/pip --disable-pip-version-check --quiet"
$pip install --no-deps torch
# What it asks for that is not of CUDA; NumPy it can use.
"$folder/bin/python" - > "$folder/needed.txt" <<'PYTHON'
import importlib.metadata
import re
for line in importlib.metadata.requires("torch") + ["numpy"]:
    if not re.match(r"(nvidia|cuda|triton)", line) and "extra ==" not in line:
        print(line)
PYTHON
$pip install --no-warn-conflicts -r "$folder/needed.txt"

"$folder/bin/python" "$(dirname "$0")/stub_cuda.py" \
  "$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')"
"$folder/bin/python" -c 'import torch; print("PyTorch", torch.__version__, "in", torch.__file__)'
echo "compare with: compare.py --python $folder/bin/python --binary .../train_step"
