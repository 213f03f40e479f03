"""Set-up step: let torchaudio import beside a CPU build of torch.

torchaudio's wheel carries extensions linked against CUDA. Beside a CPU torch they fail to load
and take `import torchaudio`, and so coqui-tts and Perth, with them. Without the files torchaudio
treats its extension as absent; what is used here (resampling, spectrograms) is pure torch. Beside
a CUDA build of torch nothing is touched. Exits non-zero if torchaudio does not import afterwards.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

import torch


def main() -> None:
    """Remove the extensions where torch has no CUDA, then prove the import in a fresh process."""
    spec = importlib.util.find_spec("torchaudio")
    if spec is None or spec.origin is None:
        sys.exit("torchaudio is not installed: run `make setup` again")
    if torch.version.cuda is None:
        for extension in (Path(spec.origin).parent / "lib").glob("*.so"):
            extension.unlink()
            print(f"removed {extension.name} (links CUDA; this torch is a CPU build)")
    subprocess.run([sys.executable, "-c", "import torchaudio"], check=True)


if __name__ == "__main__":
    main()
