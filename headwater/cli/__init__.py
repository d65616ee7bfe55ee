"""The `headwater` command."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from headwater.cli.main import app  # noqa: PLC0415  importing this package must stay free

    app(prog_name="headwater")
