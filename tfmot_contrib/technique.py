# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""What a technique is to the rest of the project.

A technique takes a flat Keras model, makes it one that trains optimized, gives
back the model to export, and says how it is exported and what must be true of
the result. That is all it owns: training, measuring and judging are shared. A
technique folder registers a `Technique` for its config class, as Official
Models registers a task for its task config; the task
(`tasks/image_classification.py`) creates it from the experiment.
"""

import abc
import dataclasses
from typing import Any, Callable, Mapping, Sequence

import numpy as np
import orbit
import tf_keras

from official.core import registry
from official.modeling import hyperparams
from tfmot_contrib import errors
from tfmot_contrib.deployment import export
from tfmot_contrib.deployment import flatbuffer

_REGISTRY: dict[Any, Any] = {}


@dataclasses.dataclass
class TechniqueConfig(hyperparams.Config):
  """Base of the configs of techniques; itself, it means none."""


class Technique(abc.ABC):
  """One way to optimize a model. An instance serves one model.

  Attributes:
    kinds: As what the result is exported and measured, in this order.
  """

  kinds: Sequence[str] = ('float', 'int8')

  def __init__(self, config: TechniqueConfig):
    """Initializes the technique from the experiment's config."""
    self.config = config

  @abc.abstractmethod
  def apply(self, model: tf_keras.Model) -> tf_keras.Model:
    """Makes the model to train.

    Args:
      model: A flat functional model (see `modeling.flatten`). It is the
        technique's own: its layers may end up in the result.

    Returns:
      The model to train.

    Raises:
      errors.InputError: The technique does not work on this model.
    """

  def train_actions(self, model: tf_keras.Model) -> Sequence[orbit.Action]:
    """Returns what must happen after each inner loop of training.

    Args:
      model: What `apply` returned.

    Returns:
      Actions, which are called with the output of the loop. The last call comes
      after the last step and before the model is stripped.
    """
    del model
    return ()

  @abc.abstractmethod
  def strip(self, model: tf_keras.Model) -> tf_keras.Model:
    """Returns the model to export, without a change of its weights.

    Args:
      model: What `apply` returned, trained.

    Returns:
      A flat functional model. It is plain Keras, so that another technique can
      start from it, unless training simulates what only `export` makes real.
    """

  def export(
      self, model: tf_keras.Model, kind: str, images: np.ndarray
  ) -> bytes:
    """Converts the result to TFLite.

    Args:
      model: What `strip` returned.
      kind: One of `kinds`.
      images: Representative ones, normalized, float32 [n, h, w, c].

    Returns:
      The contents of a `.tflite` file.
    """
    return export.to_tflite(model, kind, images)

  @abc.abstractmethod
  def invariants(
      self, exported: Mapping[str, Sequence[flatbuffer.Kernel]]
  ) -> Mapping[str, Any]:
    """Measures, on the exported models, what the technique promises exactly.

    Args:
      exported: By kind, the kernels of the exported model, each with the name
        of its layer.

    Returns:
      Numbers and lists by name, for the run record. Claims refer to them. What
      the technique left alone is listed: silence is never a pass.
    """


def register(
    config_class: type[TechniqueConfig],
) -> Callable[[type[Technique]], type[Technique]]:
  """Decorates the `Technique` that a config class stands for."""
  return registry.register(_REGISTRY, config_class)


def create(config: TechniqueConfig) -> Technique | None:
  """Returns the technique of an experiment.

  Args:
    config: The `task.technique` of the experiment.

  Returns:
    The technique, or None for a float experiment.

  Raises:
    errors.InputError: Nothing is registered for the config.
  """
  if type(config) is TechniqueConfig:  # pylint: disable=unidiomatic-typecheck
    return None
  try:
    return registry.lookup(_REGISTRY, type(config))(config)
  except LookupError as error:
    raise errors.InputError(
        f'no technique is registered for {type(config).__name__}: its module'
        ' must be imported (see tfmot_contrib/registry_imports.py)'
    ) from error
