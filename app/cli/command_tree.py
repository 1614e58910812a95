"""The tree of commands, and the exit code of a command: 0, or the code of its error.

A command's module is imported only when the command is called, so that the help starts fast.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

import click

from recsys.errors import BrandswipeError, IntegrityError

EXIT_USAGE, EXIT_INTEGRITY = 2, 4


class CommandGroup(click.Group):
    """A group of commands (a noun with verbs), listed in the order of use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of the tree."""
        del ctx
        return list(self.commands)


class LazyCommand(click.Command):
    """A placeholder with the name, module and short help of a command, until it is called.

    The command itself is a function in the module: `what_if_command` for `what-if`.
    """

    def __init__(self, name: str, module: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self.function, self.module = f"{name.replace('-', '_')}_command", f"app.cli.{module}"

    def load(self) -> click.Command:
        """Import the command."""
        command: click.Command = getattr(import_module(self.module), self.function)
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Hand the arguments to the command itself, which click then invokes."""
        return self.load().make_context(info_name, args, parent, **extra)


DATA = CommandGroup(
    "data",
    help="Import, generate and erase the events of a shop.",
    commands=[
        LazyCommand("ingest", "data", "Import a shop's events from files or a warehouse."),
        LazyCommand("aggregate", "data", "Aggregate events in the shop's own warehouse."),
        LazyCommand("generate", "data", "Generate a shop with known favourite brands."),
        LazyCommand("erase-customer", "data", "Erase one customer of the shop from all events."),
    ],
)
MODEL = CommandGroup(
    "model",
    help="Fit, test, compare and describe model versions.",
    commands=[
        LazyCommand("fit", "model.fit", "Fit a model to the imported events."),
        LazyCommand("evaluate", "model.evaluate", "Evaluate a model on the last part of the log."),
        LazyCommand("recommend", "model.recommend", "Recommend brands to one customer."),
        LazyCommand("what-if", "model.recommend", "Recommend brands for a history you type."),
        LazyCommand(
            "similar", "model.recommend", "List the brands that are most similar to a brand."
        ),
        LazyCommand("test", "model.test", "Run the behavioral tests on made-up histories."),
        LazyCommand("compare", "model.compare", "Compare two versions on the same customers."),
        LazyCommand("list", "model.versions", "List all versions, the newest first."),
        LazyCommand("card", "model.versions", "Write the model card of a version in Markdown."),
        LazyCommand("tag", "model.versions", "Add a tag to a version, or remove it."),
        LazyCommand("note", "model.versions", "Add a note to a version."),
        LazyCommand("alias", "model.versions", "Make a version the candidate or the champion."),
        LazyCommand("import", "model.import_lists", "Import another system's lists as a version."),
        LazyCommand("rejected", "model.feedback", "List the picks that people rejected most."),
        LazyCommand("learn", "model.feedback", "Tune the weights on the answers of a study."),
    ],
)
STUDY = CommandGroup(
    "study",
    help="Plan, open, simulate, report and decide studies.",
    commands=[
        LazyCommand("plan", "study.plan", "Plan how many people a study needs."),
        LazyCommand("open", "study.open", "Open a study of a model version."),
        LazyCommand("invite", "study.invite", "Write the invitations of a study."),
        LazyCommand("simulate", "study.simulate", "Let simulated employees play in a study."),
        LazyCommand("power", "study.simulate", "Simulate after how many people the gate decides."),
        LazyCommand("list", "study.manage", "List all studies, the newest first."),
        LazyCommand("show", "study.manage", "Show what a study fixed before its first card."),
        LazyCommand("report", "study.report", "Print the accuracy report of a study."),
        LazyCommand("gate", "study.gate", "Say whether a study releases its model."),
        LazyCommand("override", "study.manage", "Decide against the verdict of a study."),
        LazyCommand("close", "study.manage", "Close a study to new decks."),
    ],
)
RELEASE = CommandGroup(
    "release",
    help="Pack, verify and export a released model; read its A/B test.",
    commands=[
        LazyCommand("create", "release", "Pack the model of a study with its certificate."),
        LazyCommand("verify", "release", "Verify that a release is what was certified."),
        LazyCommand("export", "release", "Export the favourite brands of every customer."),
        LazyCommand("ab-test", "release", "Analyze the A/B test of a released carousel."),
    ],
)
PEOPLE = CommandGroup(
    "people",
    help="Link employees to their shop accounts, and erase them.",
    commands=[
        LazyCommand("link", "people", "Link employees by a table that the shop made."),
        LazyCommand("count", "people", "Count the employees who are linked."),
        LazyCommand("unlink", "people", "Remove the link of one employee."),
        LazyCommand("forget", "people", "Erase everything that is stored of one employee."),
        LazyCommand("purge", "people", "Erase whatever is older than the settings allow."),
    ],
)
KEYS = CommandGroup(
    "keys",
    help="Rotate the secret keys of a workspace.",
    commands=[LazyCommand("rotate", "admin", "Make a new key for the next start of the server.")],
)
ADMIN = CommandGroup(
    "admin",
    help="Back up and restore a workspace, and rotate its keys.",
    commands=[
        LazyCommand("backup", "admin", "Copy the workspace into one file while people play."),
        LazyCommand("restore", "admin", "Put a backup in place of the workspace's data."),
        KEYS,
    ],
)


@click.group(
    cls=CommandGroup,
    commands=[
        LazyCommand("demo", "serve", "Build a demo shop with three studies and start the app."),
        LazyCommand("serve", "serve", "Start the app on a workspace."),
        LazyCommand("doctor", "doctor", "Check a workspace and say what to mend."),
        DATA,
        MODEL,
        STUDY,
        RELEASE,
        PEOPLE,
        ADMIN,
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version("brandswipe"), prog_name="brandswipe")
@click.option("--debug", is_flag=True, help="Show the traceback of a crash.")
def cli(debug: bool) -> None:
    """Brandswipe: do people love the brands that a model thinks they love?"""
    del debug  # read in app.cli.main, where a crash ends


def invoke_command(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Other exceptions (crashes) go to the caller."""
    try:
        return cli.main(list(arguments), prog_name="brandswipe", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except BrandswipeError as error:
        click.echo(str(error), err=True)
        return EXIT_INTEGRITY if isinstance(error, IntegrityError) else EXIT_USAGE
    except click.Abort:
        raise KeyboardInterrupt from None
