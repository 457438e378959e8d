"""A pipeline written for KFP's own compiler, which reads this file: annotations are no texts here."""

from kfp import dsl


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def make(
    n: int,
    scale: float,
    name: str,
    flag: bool,
    xs: list,
    d: dict,
    frame: dsl.Output[dsl.Dataset],
    model: dsl.Output[dsl.Model],
) -> None:
    """Its body is never run."""


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def use(frame: dsl.Input[dsl.Artifact], total: dsl.Output[dsl.Artifact]) -> None:
    """Its body is never run."""


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def late(n: int) -> None:
    """Its body is never run."""


@dsl.pipeline(name="note")
def note(
    n: int = 3,
    scale: float = 1.5,
    name: str = "it's: #1",
    flag: bool = True,
    xs: list = [1],  # noqa: B006  # KFP reads it
    d: dict = {"a": 1},  # noqa: B006  # KFP reads it
) -> None:
    """Three tasks."""
    made = make(n=n, scale=scale, name=name, flag=flag, xs=xs, d=d)
    used = use(frame=made.outputs["frame"])
    late(n=n).after(used)
