"""Which prompts exist, whose they are, what they may run on, and when they must be renewed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.playbook.dossier_files import explained

Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PromptTest(_Strict):
    """One evaluation of a prompt: the cases, the threshold, the last time it ran."""

    cases: Text = Field(description="path of the evaluation cases")
    threshold: Annotated[float, Field(ge=0, le=1)]
    evaluated_on: date


class Prompt(_Strict):
    """One prompt of the library."""

    id: Text
    version: Text
    owner: Text = Field(description="role that answers for it")
    intent: Text = Field(description="what it is for, and what it must not do")
    models: Annotated[list[Text], Field(min_length=1)] = Field(description="pinned model ids")
    fallback: Text = Field(description="prompt id, or `human`")
    tests: Annotated[list[PromptTest], Field(min_length=1)]
    expires_on: date
    template: Text
    variables: list[str] = Field(default_factory=list)
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptLibrary:
    """Valid prompts by id, what is wrong with the others, and the files read."""

    prompts: Mapping[str, Prompt]
    faults: tuple[str, ...]
    files: Mapping[Path, bytes]


def read_prompts(folder: Path) -> PromptLibrary:
    """Read and lint `prompts/*.yaml`, one prompt a file; a fault names the file and the key."""
    prompts: dict[str, Prompt] = {}
    faults: list[str] = []
    files = {path: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
    for path, raw in files.items():
        try:
            prompt = Prompt.model_validate(yaml.safe_load(raw))
        except ValidationError as error:
            faults.append(explained(error, model=Prompt, name=path.name))
            continue
        except yaml.YAMLError as error:
            faults.append(f"{path.name}: not readable as YAML: {str(error).splitlines()[0]}")
            continue
        if prompt.id in prompts:
            faults.append(f"{path.name}: prompt id {prompt.id} is already taken")
        prompts[prompt.id] = prompt
    for prompt in prompts.values():
        faults += _lint(prompt, prompts)
    return PromptLibrary(prompts=prompts, faults=tuple(faults), files=files)


def _lint(prompt: Prompt, prompts: Mapping[str, Prompt]) -> list[str]:
    faults = [
        f"{prompt.id}: model {model} moves by itself; pin a dated id"
        for model in prompt.models
        if model.lower().endswith(("-latest", ":latest", "@latest"))
    ]
    faults += [
        f"{prompt.id}: variable {name} is not in the template"
        for name in prompt.variables
        if "{{" + name + "}}" not in prompt.template.replace(" ", "")
    ]
    seen, step = {prompt.id}, prompt.fallback
    while step != "human":
        if step not in prompts:
            return [*faults, f"{prompt.id}: fallback {step} is not in the library"]
        if step in seen:
            return [*faults, f"{prompt.id}: its fallbacks go in a circle"]
        seen.add(step)
        step = prompts[step].fallback
    return faults
