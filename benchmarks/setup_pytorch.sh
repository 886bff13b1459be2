#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a virtual environment with the current PyTorch for compare.py and prints how to
# use it. usage: setup_pytorch.sh FOLDER
#
# PyTorch's Linux wheel from PyPI links CUDA libraries, some gigabytes in all. Where the machine
# has a CUDA toolkit, only what the toolkit lacks is installed beside it; else everything is.
set -eu

folder=${1:?usage: setup_pytorch.sh FOLDER}
cuda=${CUDA_HOME:-/usr/local/cuda}/lib64
python3 -m venv "$folder"
pip="$folder/bin/pip --disable-pip-version-check"

if [ -e "$cuda/libcublas.so.13" ] && [ -e "$cuda/libcudnn.so.9" ]; then
  $pip install --no-deps torch
  $pip install numpy typing_extensions filelock sympy networkx jinja2 fsspec
  # With the versions that the wheel asks for.
  "$folder/bin/python" - > "$folder/libraries.txt" <<'PYTHON'
import importlib.metadata
import re
for line in importlib.metadata.requires("torch"):
    name = line.split(";")[0].strip()
    if re.match(r"nvidia-(cusparselt|nvshmem|nccl)", name):
        print(name)
print("nvidia-cufile")
PYTHON
  $pip install --no-deps -r "$folder/libraries.txt"
else
  $pip install torch numpy
  cuda=
fi

site=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
# The toolkit's own NCCL may be older than the wheel's.
libraries=$site/nvidia/nccl/lib${cuda:+:$cuda}
LD_LIBRARY_PATH=$libraries "$folder/bin/python" -c 'import torch; print("PyTorch", torch.__version__)'
cat > "$folder/bin/python-torch" <<SCRIPT
#!/bin/sh
LD_LIBRARY_PATH=$libraries exec "$(cd "$folder" && pwd)/bin/python" "\$@"
SCRIPT
chmod +x "$folder/bin/python-torch"
echo "compare with: compare.py --python $folder/bin/python-torch --binary .../train_step"
