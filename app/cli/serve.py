"""demo and serve: the app in the browser."""

from pathlib import Path

import click

from app.cli.common import print_message, require_workspace, workspace_option
from app.cli.progress import star_crawl_progress
from app.presentation.i18n import section_texts
from app.study.demo import build_demo, is_built
from app.web.server import serve_app
from app.workspace.settings import Login, read_settings
from recsys.progress import WorkStage

PORT = click.IntRange(1, 65535)
no_browser_option = click.option("--no-browser", is_flag=True, help="Do not open a browser.")


@click.command()
@click.option(
    "--customers",
    type=click.IntRange(100),
    default=20_000,
    show_default=True,
    help="Number of customers of the demo shop.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Random seed of the shop."
)
@click.option(
    "--port",
    type=PORT,
    show_default="8501, or the next free one",
    help="Port to listen on.",
)
@click.option("--share", is_flag=True, help="Let phones on the local network join by a code.")
@no_browser_option
@click.option("--only-build", is_flag=True, help="Build the demo and stop.")
@workspace_option
def demo_command(
    customers: int,
    seed: int,
    port: int | None,
    share: bool,
    no_browser: bool,
    only_build: bool,
    workspace: Path | None,
) -> None:
    """Generate a shop, fit its model, play three simulated studies and start the app.

    The demo is built once in a workspace; the next start opens it.

    Example: brandswipe demo
    """
    settings = read_settings(workspace, login=Login.LOCAL.value, port=port, share=share or None)
    if not is_built(settings):
        story = list(section_texts("en", "crawl").values())
        with star_crawl_progress(story, WorkStage.PLANTING) as report_progress:
            build_demo(settings, customers, seed, report_progress)
    if only_build:
        print_message(f"The demo is ready in {settings.workspace}.")
        return
    serve_app(settings, open_browser=not no_browser, any_port=port is None)


@click.command()
@click.option("--port", type=PORT, show_default="8501", help="Port to listen on.")
@click.option("--address", show_default="127.0.0.1", help="Address to listen on.")
@click.option(
    "--login",
    type=click.Choice([login.value for login in Login]),
    show_default="none",
    help="How people log in.",
)
@no_browser_option
@workspace_option
def serve_command(
    port: int | None,
    address: str | None,
    login: str | None,
    no_browser: bool,
    workspace: Path | None,
) -> None:
    """Start the app on a workspace. An option here overrules the setting of the same name.

    Example: brandswipe serve --login local
    """
    settings = read_settings(workspace, login=login, port=port, address=address)
    require_workspace(settings.workspace)
    serve_app(settings, open_browser=not no_browser, any_port=False)
