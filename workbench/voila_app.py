"""Voilà with the workbench's template, `/` leading to the overview, and no listing of files."""

import os
from pathlib import Path
from typing import Any, ClassVar, cast

import voila.app
from jupyter_server import DEFAULT_STATIC_FILES_PATH
from jupyter_server.utils import url_path_join
from tornado.web import RedirectHandler
from traitlets.config import Config
from voila.paths import collect_static_paths, collect_template_paths
from voila.tornado.contentshandler import VoilaContentsHandler
from voila.treehandler import VoilaTreeHandler


class Dashboards(voila.app.Voila):
    """A Voilà that finds its template beside the widgets, in a checkout as in a wheel."""

    template: ClassVar[Path]
    given: ClassVar[Config]

    @classmethod
    def run(cls, arguments: list[str], *, config: dict[str, Any], template: Path) -> None:
        """Serve until stopped; `config` holds what a file cannot: functions and absolute paths."""
        cls.template, cls.given = template, Config(config)
        cls.launch_instance(arguments)

    def load_config_file(self, *args: object, **kwargs: object) -> None:
        """Read voila.json, then let what this process decided win."""
        super().load_config_file(*args, **kwargs)  # type: ignore[arg-type]
        self.update_config(self.given)
        # trust is about saved output, which shipped notebooks do not hold; it would be said at every start
        self.log.addFilter(lambda record: record.msg != "Notebook %s is not trusted")

    def setup_template_dirs(self) -> None:
        """Look in our template first; it need not be installed anywhere else."""
        apps = ["voila", "nbconvert"]
        self.template_paths = [
            os.fspath(self.template), *collect_template_paths(apps, "lab", prune=True),
        ]  # fmt: skip
        self.static_paths = [*collect_static_paths(apps, "lab"), DEFAULT_STATIC_FILES_PATH]

    def init_handlers(self) -> list[Any]:  # type: ignore[override]
        """Lead to the overview; leave out the handlers that list files."""
        overview = url_path_join(self.base_url, "voila/render/overview.ipynb")
        listing = (VoilaTreeHandler, VoilaContentsHandler)
        kept = [
            rule for rule in cast(list[Any], super().init_handlers())
            if not (isinstance(rule[1], type) and issubclass(rule[1], listing))
        ]  # fmt: skip
        return [(self.server_url, RedirectHandler, {"url": overview, "permanent": False}), *kept]
