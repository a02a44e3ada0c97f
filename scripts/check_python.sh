#!/usr/bin/env bash
# The Python package as its users get it, with what comes from PyPI: a wheel of it in a virtual
# environment beside current PyTorch, ONNX, TensorBoard, mirdata, pandas and Jupyter. All tests run
# there, none skipped; the stubs are compared with what pybind11-stubgen makes. Not part of CI.
# FOLDER needs 3 GB. Builds the program first where there is none.
# Usage: scripts/check_python.sh FOLDER [TORCH_VERSION]
set -euo pipefail

[[ $# -ge 1 && $# -le 2 ]] || { echo "usage: $0 FOLDER [TORCH_VERSION]" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
torch=torch${2:+==$2}
source=$(cd "$(dirname "$0")/.." && pwd)
export MER=$source/build/bin/mer MER_NETWORK_FILES=$source/build/tests/python/mer_network_files

[[ -x $MER && -x $MER_NETWORK_FILES ]] || "$source/scripts/build.sh" release
[[ -x $folder/venv/bin/python ]] || python3 -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install -q "$torch" numpy pandas onnx onnxruntime onnxscript tensorboard mirdata \
  nbclient ipykernel pybind11-stubgen black
rm -rf "$folder/wheel"
"$python" -m pip wheel -q --no-deps -w "$folder/wheel" "$source/python"
"$python" -m pip install -q --force-reinstall --no-deps "$folder"/wheel/mer-*.whl

unset PYTHONPATH
cd "$folder"
"$python" -m unittest discover -s "$source/tests/python" -p "*_test.py" 2>&1 | tee tests.log
if grep -q skipped= tests.log; then
  echo "$0: tests were skipped" >&2
  exit 1
fi
"$python" -m pybind11_stubgen mer._core -o stubs >/dev/null
diff stubs/mer/_core.pyi "$source/python/mer/_core.pyi" ||
  { echo "$0: python/mer/_core.pyi is not what stubs/mer/_core.pyi is" >&2; exit 1; }
"$python" -m black --check -q --config "$source/python/pyproject.toml" "$source/python" "$source/tests/python"
echo "the Python package is well" >&2
