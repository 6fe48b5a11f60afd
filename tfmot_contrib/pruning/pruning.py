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
convolution and dense layer and masks its kernel: the smallest weights, the
smallest of each few neighbours, or the smallest blocks. Depthwise kernels and
biases are left dense, as TFMOT's registry has it.
"""

from typing import Any, Mapping, Sequence

import numpy as np
import orbit
import tensorflow_model_optimization as tfmot
import tf_keras

from tfmot_contrib import errors
from tfmot_contrib import technique
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels
from tfmot_contrib.modeling import xnnpack
from tfmot_contrib.pruning import pruning_config
from tfmot_contrib.pruning import structure

PruningConfig = pruning_config.PruningConfig
_PRUNED_LAYERS = (tf_keras.layers.Conv2D, tf_keras.layers.Dense)


@technique.register(PruningConfig)
class Pruning(technique.Technique):
  """Magnitude pruning with TFMOT's `prune_low_magnitude`."""

  def __init__(self, config: PruningConfig):
    """Initializes the technique from the experiment's config."""
    super().__init__(config)
    self._covered: list[str] = []
    self._refused: dict[str, str] = {}
    self._densify = 0
    if config.for_xnnpack:
      self.kinds = ('float', 'sparse')

  def _layer_by_layer(self, model: tf_keras.Model) -> tf_keras.Model:
    """Returns the model with each layer pruned that TFMOT does not refuse."""
    arguments = pruning_config.arguments(self.config)

    def wrap(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
      if not isinstance(layer, _PRUNED_LAYERS):
        return layer
      try:
        wrapper = tfmot.sparsity.keras.prune_low_magnitude(layer, **arguments)
        wrapper.build(layer.get_input_shape_at(0))
      except ValueError as error:
        self._refused[layer.name] = str(error)
        return layer
      return wrapper

    return tf_keras.models.clone_model(model, clone_function=wrap)

  def _by_policy(self, model: tf_keras.Model) -> tf_keras.Model:
    """Returns the model with what TFMOT's policy for XNNPACK prunes."""
    arguments = pruning_config.arguments(self.config)
    try:
      return tfmot.sparsity.keras.prune_low_magnitude(
          xnnpack.rewrite(model),
          pruning_policy=tfmot.sparsity.keras.PruneForLatencyOnXNNPack(),
          **arguments,
      )
    except ValueError as error:
      raise errors.InputError(
          f'{model.name} cannot be pruned for XNNPACK: {error}'
      ) from error

  def apply(self, model: tf_keras.Model) -> tf_keras.Model:
    """See base class."""
    by = self._by_policy if self.config.for_xnnpack else self._layer_by_layer
    result = by(model)
    plain = {layer: kernels.unwrapped(layer) for layer in result.layers}
    self._covered = [p.name for w, p in plain.items() if w is not p]
    if not self._covered:
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

  def export(
      self, model: tf_keras.Model, kind: str, images: np.ndarray
  ) -> bytes:
    """See base class."""
    exported = super().export(model, kind, images)
    if kind == 'sparse':
      counts = flatbuffer.operator_counts(exported)
      self._densify = counts.get('DENSIFY', {}).get('total', 0)
    return exported

  def invariants(
      self, exported: Mapping[str, Sequence[flatbuffer.Kernel]]
  ) -> Mapping[str, Any]:
    """See base class."""
    config = self.config
    judged = {}
    for kind, found in exported.items():
      by_name = {k.name: k for k in found}
      judged[kind] = [
          structure.judge(by_name[name], config) for name in self._covered
      ]
    everything = {k.name: k for k in exported['float']}
    covered = [everything[name] for name in self._covered]
    result = {
        'zeros_missing': max(z.missing for j in judged.values() for z in j),
        # Quantization may round more weights to zero.
        'zeros_in_excess': max(z.in_excess for z in judged['float']),
        'covered': self._covered,
        'skipped': [n for n in everything if n not in self._covered],
        'refused': [f'{n}: {text}' for n, text in self._refused.items()],
        'layers_refused': len(self._refused),
        'sparsity_of_covered': structure.sparsity(covered),
        'sparsity_of_all': structure.sparsity(everything.values()),
    }
    violations = sum(z.violations for z in judged['float'])
    if config.sparsity_m_by_n:
      result['groups_violated'] = violations
    elif tuple(config.block_size) != (1, 1):
      result['blocks_broken'] = violations
    if 'sparse' in exported:
      result['densify_operators'] = self._densify
    return result
