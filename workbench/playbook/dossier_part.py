"""What every part of a dossier has in common: units of its numbers, and no unknown keys."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
NonNegative = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """A part of a dossier: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
