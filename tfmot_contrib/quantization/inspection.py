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

"""What quantization-aware training has left: in the model and as exported."""

from typing import Any, Iterator, Mapping, Sequence

import numpy as np
import tensorflow_model_optimization as tfmot
import tf_keras

from tfmot_contrib.deployment import flatbuffer

_SUFFIXES = ('_min', '_max')
# What TFMOT starts a range with: a moving average, and that of the input.
_INITIAL_RANGES = ((-6.0, 6.0), (0.0, 0.0))


def _leaves(model: tf_keras.Model) -> Iterator[tf_keras.layers.Layer]:
  """Yields the layers of a model and of the models in it."""
  for layer in model.layers:
    if isinstance(layer, tf_keras.Model):
      yield from _leaves(layer)
    elif not isinstance(layer, tf_keras.layers.InputLayer):
      yield layer


def ranges(model: tf_keras.Model) -> dict[str, tuple[float, float]]:
  """Returns the least and the largest value of what is quantized.

  Args:
    model: A model that TFMOT has made quantization-aware.

  Returns:
    By the name of a variable of TFMOT's, without `_min` and `_max`: those of
    each output. Kernels have their own and are left out.
  """
  found: dict[str, dict[str, float]] = {}
  for variable in model.non_trainable_variables:
    name = variable.name.split(':')[0]
    if name.endswith(_SUFFIXES) and not name[:-4].endswith('kernel'):
      found.setdefault(name[:-4], {})[name[-4:]] = float(variable.numpy())
  return {name: (pair['_min'], pair['_max']) for name, pair in found.items()}


def of_model(model: tf_keras.Model) -> Mapping[str, Any]:
  """Measures a quantization-aware model.

  Args:
    model: What TFMOT made, trained.

  Returns:
    `layers_not_quantized`, those that TFMOT has not wrapped, and how many;
    `ranges` that were learned, and `ranges_at_initial_value`, those which
    training has not touched.
  """
  left = [
      layer.name
      for layer in _leaves(model)
      if not isinstance(layer, tfmot.quantization.keras.QuantizeWrapper)
      and type(layer).__name__ != 'QuantizeLayer'
  ]
  learned = ranges(model)
  initial = [name for name, pair in learned.items() if pair in _INITIAL_RANGES]
  return {
      'layers_not_quantized': len(left),
      'not_quantized': left,
      'ranges': len(learned),
      'ranges_at_initial_value': len(initial),
  }


def of_kernels(
    kernels: Sequence[flatbuffer.Kernel], bits: int, per_axis: bool
) -> Mapping[str, Any]:
  """Measures the kernels of an exported model.

  Args:
    kernels: Of all layers.
    bits: Of the weights.
    per_axis: Whether a convolution has a scale for each output channel. Dense
      layers have one, as TFMOT's registry has it.

  Returns:
    `covered` layers and `skipped` ones, whose kernel is float, and how many
    those are; `scales_wrong`, how many convolutions have other scales;
    `values_in_excess`, how many values the worst channel takes too many.
  """
  kernels = list({kernel.name: kernel for kernel in kernels}.values())
  covered, skipped = [], []
  for kernel in kernels:
    integer = np.issubdtype(kernel.values.dtype, np.integer)
    (covered if integer else skipped).append(kernel)
  wrong = [
      k.name
      for k in kernels
      if k.operator != 'FULLY_CONNECTED'
      and k.scales != (len(k.channels) if per_axis else 1)
  ]
  return {
      'covered': [k.name for k in covered],
      'skipped': [k.name for k in skipped],
      'kernels_left_float': len(skipped),
      'scales_wrong': len(wrong),
      'values_in_excess': max(
          [0, *(k.distinct_per_channel - 2**bits for k in covered)]
      ),
  }
