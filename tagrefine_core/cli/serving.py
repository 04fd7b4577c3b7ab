"""The command that opens the app, for this machine or for others."""

import ipaddress
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

import tagrefine_core
from tagrefine_core.access import SHARE, TOKEN, Access
from tagrefine_core.cli.session import Session
from tagrefine_core.errors import ConfigError
from tagrefine_core.folders import home_folder

__all__ = ["app", "app_folder", "own_address"]


def app(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen.")] = 8501,
    token: Annotated[
        bool,
        typer.Option(
            "--token",
            help="Let in only who opens the printed address: for a machine that others work at too.",
        ),
    ] = False,
    share: Annotated[
        str | None,
        typer.Option(
            metavar="HOST",
            help="Let others in, by this name or address of the machine; with a token, but not encrypted.",
        ),
    ] = None,
) -> None:
    """Open the app at the address that is printed: http://127.0.0.1:PORT, for this machine only."""
    session = Session.of(context)
    folder = app_folder(Path(tagrefine_core.__file__).parent)
    streamlit = [f"--server.port={port}", "--logger.hideWelcomeMessage=true"]
    if share is not None:
        # Streamlit listens at numbers; a name that it does not know as its own makes it ask others for its address.
        streamlit += [f"--server.address={own_address(share)}", f"--browser.serverAddress={share}"]
        streamlit += [f"--server.allowedHosts={share}"]
    given = os.environ.get(TOKEN) or None
    access = Access(share=share, token=given or (secrets.token_urlsafe(24) if token or share else None))
    for name, value in ((SHARE, access.share), (TOKEN, access.token)):
        os.environ.pop(name, None)
        if value:
            os.environ[name] = value
    query = f"/?token={access.token}" if access.token else ""
    print(f"TagRefine is at http://{access.hosts[0]}:{port}{query}", flush=True)
    os.environ["TAGREFINE_HOME"] = str(home_folder(session.home))
    os.chdir(folder)  # .streamlit/config.toml, which keeps others out, is read from here
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", "app.py", *streamlit])


def own_address(host: str) -> str:
    """Return the address of this machine that a name stands for.

    Parameters
    ----------
    host : str
        A name or an IPv4 address.

    Returns
    -------
    str
        IPv4, as ``192.168.1.5``.

    Raises
    ------
    ConfigError
        When nobody knows the name, when it is another machine's, or when others cannot reach it.
    """
    wanted = "Give the name or the address by which others reach this machine, such as 192.168.1.5."
    try:
        address = str(socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"--share {host}: there is no such name or IPv4 address. {wanted}") from error
    number = ipaddress.ip_address(address)
    if number.is_unspecified:
        raise ConfigError(f"--share {host}: nobody can open that address. {wanted}")
    # Many systems map their own name to 127.0.1.1, at which only they themselves can be reached.
    if number.is_loopback and host != address:
        raise ConfigError(
            f"--share {host}: that name is {address}, which only this machine reaches. {wanted}"
        )
    try:
        with socket.socket() as probe:
            probe.bind((address, 0))
    except OSError as error:
        raise ConfigError(f"--share {host}: {address} is not an address of this machine. {wanted}") from error
    return address


def app_folder(package: Path) -> Path:
    """Return the folder of the app's files: a neighbor of the installed package, or the checkout.

    Parameters
    ----------
    package : Path
        The folder ``tagrefine_core``.

    Raises
    ------
    ConfigError
        When the app is at neither place.
    """
    # The neighbor comes first: among installed packages, an app.py may be anybody's.
    for folder in (package.parent / "tagrefine_app", package.parent):
        if (folder / "app.py").is_file():
            return folder
    raise ConfigError(
        f"The app is not here: {package.parent} has neither tagrefine_app nor app.py. "
        "Install TagRefine again, or run it from a checkout."
    )
