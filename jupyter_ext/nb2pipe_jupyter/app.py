"""A Jupyter server in, nb2pipe's routes in it out; and the settings of an administrator."""

from __future__ import annotations

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Float, Int, List, Unicode

from nb2pipe import __version__
from nb2pipe_jupyter.events import SCHEMA, Watcher
from nb2pipe_jupyter.handlers import handlers
from nb2pipe_jupyter.places import Places
from nb2pipe_jupyter.service import Service, Settings


class Nb2pipeApp(ExtensionApp):
    """The server half of nb2pipe's JupyterLab panel."""

    name = "nb2pipe_jupyter"
    description = "Pipelines of notebooks: analysed, run, followed and compiled for the panel in JupyterLab."
    load_other_extensions = True

    max_body_bytes = Int(
        100_000_000, min=1_000, config=True, help="The largest question that is answered: a notebook with its outputs."
    )
    max_answer_bytes = Int(
        100_000_000, min=1_000, config=True, help="The largest executed notebook or report that is sent to the panel."
    )
    max_streams = Int(
        16, min=0, config=True, help="How many runs are streamed at once; more are asked for now and then."
    )
    max_at_once = Int(8, min=1, config=True, help="How many questions are worked on at once, besides quick looks.")
    max_waiting = Int(64, min=1, config=True, help="How many questions may wait for that; more are refused.")
    most_runs = Int(50, min=1, max=500, config=True, help="How many runs the panel is told of, if it doesn't say.")
    look_s = Float(3.0, min=0.1, config=True, help="Seconds between two looks at a run on a cluster that is followed.")
    watch_s = Float(2.0, min=0.1, config=True, help="Seconds between two looks for runs that were started elsewhere.")
    local_runs = Bool(True, config=True, help="Whether the panel may run notebooks on this machine.")
    change_targets = Bool(True, config=True, help="Whether the panel may add and remove connections to clusters.")
    allowed_targets = List(
        Unicode(), ["*"], config=True, help="Names of the connections that the panel may use; `*`: all of them."
    )

    def initialize_settings(self) -> None:
        """Make what all handlers share."""
        server = self.serverapp
        if server is None or server.event_logger is None:
            raise RuntimeError("a server extension is loaded by a server")
        settings = Settings(**{name: getattr(self, name) for name in Settings.names()})
        self.service = Service(settings, Places.of(server.contents_manager))
        server.event_logger.register_event_schema(SCHEMA)
        self.watcher = Watcher(self.service, server.event_logger, self.watch_s)
        self.watcher.start()
        self.log.info("nb2pipe %s", __version__)

    def initialize_handlers(self) -> None:
        """Add the routes."""
        self.handlers.extend(handlers(self.service))

    async def stop_extension(self) -> None:
        """End the streams and what analyses. Runs go on."""
        self.watcher.stop()
        self.service.close()

    def current_activity(self) -> dict[str, str] | None:
        """The runs that are under way: a server that is stopped when it is idle is not, then."""
        return self.watcher.under_way() or None
