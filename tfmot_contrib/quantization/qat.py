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

"""Quantization-aware training (QAT): the model trains as it will be rounded.

Jacob et al., Quantization and training of neural networks for efficient
integer-arithmetic-only inference (https://arxiv.org/abs/1712.05877).
"""

import dataclasses
from typing import Any, Mapping, Sequence

import tensorflow_model_optimization as tfmot
import tf_keras

from tfmot_contrib import errors
from tfmot_contrib import technique
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.quantization import inspection
from tfmot_contrib.quantization import quantization

_keras = tfmot.quantization.keras


@dataclasses.dataclass
class QatConfig(technique.TechniqueConfig):
  """Config of quantization-aware training.

  Attributes:
    bits: Of the weights: 8, or 4 by TFMOT's experimental n-bit scheme. Outputs
      take 8.
    per_axis: Whether each output channel of a convolution has a scale, or one
      serves the whole kernel.
  """

  bits: int = 8
  per_axis: bool = True


def scheme_of(config: QatConfig) -> Any:
  """Returns TFMOT's scheme.

  Args:
    config: The config.

  Returns:
    A `tfmot.quantization.keras.QuantizeScheme`.

  Raises:
    errors.InputError: TFLite cannot store weights of so many bits.
  """
  if config.bits == 8:
    return _keras.default_8bit.Default8BitQuantizeScheme(
        disable_per_axis=not config.per_axis
    )
  if config.bits == 4:
    return _keras.experimental.default_n_bit.DefaultNBitQuantizeScheme(
        disable_per_axis=not config.per_axis, num_bits_weight=4
    )
  raise errors.InputError(
      f'task.technique.bits is {config.bits}: 4 or 8, which TFLite can store'
  )


@technique.register(QatConfig)
class Qat(technique.Technique):
  """QAT with TFMOT's `quantize_apply`."""

  kinds = ('qat_int8',)

  def apply(self, model: tf_keras.Model) -> tf_keras.Model:
    """See base class."""
    self._model = quantization.quantize(model, scheme_of(self.config))
    return self._model

  def strip(self, model: tf_keras.Model) -> tf_keras.Model:
    """Returns the model itself: only the converter makes its integers."""
    return model

  def invariants(
      self, exported: Mapping[str, Sequence[flatbuffer.Kernel]]
  ) -> Mapping[str, Any]:
    """See base class."""
    return {
        **inspection.of_model(self._model),
        **inspection.of_kernels(
            exported['qat_int8'], self.config.bits, self.config.per_axis
        ),
    }
