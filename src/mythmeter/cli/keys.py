"""Make or show the certificate that signs renders."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mythmeter keys`."""
    parser.add_argument(
        "action",
        choices=("init", "show"),
        help="init: make a test certificate where there is none; show: say what is there",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="where the pair lies, as `provenance.signing_folder` of a config; default: the usual",
    )


def run(options: argparse.Namespace) -> None:
    """Make or show the signing certificate.

    Raises:
        ProvenanceError: the pair is missing or unusable.
    """
    from mythmeter.people.keys import ensure_key, generator_folder
    from mythmeter.provenance.keys import ensure_test_signer, load_signer, signing_folder

    if options.action == "init" and options.folder is None:
        # What signs the people that this machine generates; nobody has to know of it.
        ensure_key(generator_folder())
    load = ensure_test_signer if options.action == "init" else load_signer
    signer = load(options.folder)
    print(f"{signing_folder(options.folder)}: {signer.label} ({signer.algorithm})")
