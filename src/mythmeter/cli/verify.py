"""Say which marks a file carries, read from the file alone."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mythmeter verify`."""
    parser.add_argument(
        "file", type=Path, help="a finished render, or any video or sound found somewhere"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="our own certificate, whose root is then trusted; default: the usual folder",
    )
    parser.add_argument(
        "--anchors", type=Path, help="PEM file of root certificates to trust instead"
    )
    parser.add_argument(
        "--registry",
        type=Path,
        help="folder of receipts (<results>/renders): says which render a watermark belongs to",
    )
    parser.add_argument(
        "--receipt", type=Path, help="also check that this receipt is ours, unchanged, of this file"
    )
    parser.add_argument("--decoder", type=Path, help="rivagan_decoder.onnx; default: fetched")
    parser.add_argument(
        "--limits-factor",
        type=float,
        default=1.0,
        metavar="N",
        help="multiplies the time and memory that the file may take to be read (docs/media.md)",
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def run(options: argparse.Namespace) -> None:
    """Check a file and print what was found.

    Raises:
        MediaError: neither video nor sound.
        ModelError: the network that reads the video watermark cannot be had.
        ProvenanceError: a mark is missing or broken, or the receipt is not this file's.
    """
    import json

    from mythmeter.errors import ProvenanceError
    from mythmeter.provenance.found import verify_found

    if options.receipt:
        from mythmeter.provenance.receipt import check_receipt

        check_receipt(options.receipt, options.file, options.folder)
    verdict = verify_found(
        options.file,
        options.folder,
        decoder=options.decoder or _decoder(),
        anchors=options.anchors,
        registry=options.registry,
        limits_factor=options.limits_factor,
    )
    text, passed = verdict.pop("text"), verdict.pop("passed")
    print(json.dumps(verdict, indent=2) if options.json else text)
    if not passed:
        missing = ", ".join(check["name"] for check in verdict["checks"] if not check["passed"])
        raise ProvenanceError(
            f"{options.file} does not carry what a finished render must: {missing}."
        )


def _decoder() -> Path:
    """The network in the checkout's resources, fetched when it is not there."""
    from mythmeter.models.catalogue import load_catalogue
    from mythmeter.models.fetch import fetch

    checkout = Path(__file__).parents[3]
    asset = load_catalogue(checkout / "config" / "models.yaml")["rivagan_decoder"]
    path = checkout / "resources" / "models" / asset.file
    if not path.is_file():
        fetch(asset, path)
    return path
