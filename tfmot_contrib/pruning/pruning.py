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

"""Magnitude pruning: the smallest weights become zero while the model trains.

Zhu and Gupta, To prune, or not to prune (https://arxiv.org/abs/1710.01878);
https://www.tensorflow.org/model_optimization/guide/pruning. TFMOT wraps each
convolution and dense layer and masks its kernel. Depthwise kernels and biases
are left dense, as TFMOT's registry has it.
"""

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np
import orbit
import tensorflow_model_optimization as tfmot
import tf_keras

from tfmot_contrib import errors
from tfmot_contrib import technique
from tfmot_contrib.deployment import flatbuffer

_PRUNED_LAYERS = (tf_keras.layers.Conv2D, tf_keras.layers.Dense)


@dataclasses.dataclass
class PruningConfig(technique.TechniqueConfig):
  """Config of magnitude pruning.

  Attributes:
    schedule: `constant` or `polynomial`.
    final_sparsity: The share of zeros in each pruned kernel at the end.
    initial_sparsity: Where the polynomial schedule begins.
    begin_step: The first step that prunes (TFMOT needs 1 or more).
    end_step: The last step at which masks change; then they are fixed.
    frequency: Steps from one change of the masks to the next.
  """

  schedule: str = 'polynomial'
  final_sparsity: float = 0.5
  initial_sparsity: float = 0.0
  begin_step: int = 1
  end_step: int = 1
  frequency: int = 1


def schedule(config: PruningConfig) -> Any:
  """Returns TFMOT's schedule.

  Args:
    config: The config.

  Returns:
    A `tfmot.sparsity.keras.PruningSchedule`.

  Raises:
    errors.InputError: The config makes no schedule.
  """
  keras = tfmot.sparsity.keras
  common = {
      'begin_step': config.begin_step,
      'end_step': config.end_step,
      'frequency': config.frequency,
  }
  try:
    if config.schedule == 'constant':
      return keras.ConstantSparsity(config.final_sparsity, **common)
    if config.schedule == 'polynomial':
      # TFMOT itself says that a frequency of 0 is wrong.
      frequency = max(config.frequency, 1)
      if (config.end_step - config.begin_step) % frequency:
        raise ValueError(
            'end_step - begin_step is no multiple of frequency,'
            ' so the final sparsity would not be reached'
        )
      return keras.PolynomialDecay(
          config.initial_sparsity, config.final_sparsity, **common
      )
  except ValueError as error:
    raise errors.InputError(f'bad task.technique: {error}') from error
  raise errors.InputError(
      f'task.technique.schedule is {config.schedule}: constant or polynomial'
  )


@technique.register(PruningConfig)
class Pruning(technique.Technique):
  """Magnitude pruning with TFMOT's `prune_low_magnitude`."""

  def apply(self, model: tf_keras.Model) -> tf_keras.Model:
    """See base class."""
    pruned = []

    def wrap(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
      # DepthwiseConv2D is a Conv2D to Keras but not to TFMOT's registry.
      if isinstance(layer, tf_keras.layers.DepthwiseConv2D) or not isinstance(
          layer, _PRUNED_LAYERS
      ):
        return layer
      pruned.append(layer.name)
      return tfmot.sparsity.keras.prune_low_magnitude(
          layer, pruning_schedule=schedule(self.config)
      )

    result = tf_keras.models.clone_model(model, clone_function=wrap)
    if not pruned:
      raise errors.InputError(f'{model.name} has no layer that can be pruned')
    return result

  def train_actions(self, model: tf_keras.Model) -> Sequence[orbit.Action]:
    """See base class."""
    callback = tfmot.sparsity.keras.UpdatePruningStep()
    callback.set_model(model)
    callback.on_train_begin()
    # A step ends with the optimizer, which moves masked weights: mask again.
    return [lambda output: callback.on_epoch_end(batch=None)]

  def strip(self, model: tf_keras.Model) -> tf_keras.Model:
    """See base class."""
    return tfmot.sparsity.keras.strip_pruning(model)

  def invariants(
      self, kernels: Sequence[flatbuffer.Kernel]
  ) -> Mapping[str, Any]:
    """See base class."""
    covered, skipped = [], []
    for kernel in {k.name: k for k in kernels}.values():
      dense = kernel.operator == 'DEPTHWISE_CONV_2D'
      (skipped if dense else covered).append(kernel)
    # TFMOT computes in single precision.
    share = np.float32(1) - np.float32(self.config.final_sparsity)
    excess = []
    for kernel in covered:
      size = kernel.values.size
      kept = max(int(np.round(np.float32(size) * share)), 1)
      excess.append(kernel.zeros - (size - kept))
    return {
        'zeros_missing': max([0, *(-e for e in excess)]),
        'zeros_in_excess': max([0, *excess]),
        'covered': [k.name for k in covered],
        'skipped': [k.name for k in skipped],
        'sparsity_of_covered': (
            sum(k.zeros for k in covered) / sum(k.values.size for k in covered)
        ),
    }
