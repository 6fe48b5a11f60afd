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

"""QAT as Official Models' own project `projects/qat` does it.

That project does not need a flat graph: it has a quantized twin of each of its
composite layers and puts them in their place. The technique is given the flat
model of the start, like all others, and takes from it the weights only.
"""

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np
import tf_keras

from official.projects.qat.vision.configs import common
from official.projects.qat.vision.modeling import factory as qat_factory
from official.vision.modeling import factory
from tfmot_contrib import errors
from tfmot_contrib import technique
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import cifar_backbones
from tfmot_contrib.modeling import flatten
from tfmot_contrib.quantization import inspection


@dataclasses.dataclass
class OfficialQatConfig(technique.TechniqueConfig):
  """Config of Official Models' QAT.

  Attributes:
    model: The official model that the flat one was made from.
    l2_weight_decay: The factor of the L2 loss of its kernels.
  """

  model: cifar_backbones.ImageClassificationModel = dataclasses.field(
      default_factory=cifar_backbones.ImageClassificationModel
  )
  l2_weight_decay: float = 0.0


def copy_weights(flat: tf_keras.Model, official: tf_keras.Model) -> None:
  """Gives an official model the weights of a flat one.

  Args:
    flat: What `flatten` made of such a model, maybe in another process, where
      layers had other names.
    official: The model that is changed.

  Raises:
    errors.InputError: The flat model was not made from such a model.
  """
  # Each weight says which it is, and the walk of `flatten` is the same.
  official.set_weights(
      [np.full(weight.shape, i) for i, weight in enumerate(official.weights)]
  )
  order = [int(w.flat[0]) for w in flatten.flatten(official).get_weights()]
  values = dict(zip(order, flat.get_weights(), strict=False))
  shapes = {i: w.shape for i, w in enumerate(official.weights)}
  if len(order) != len(flat.weights) or shapes != {
      i: value.shape for i, value in values.items()
  }:
    raise errors.InputError(
        f'{flat.name} does not have the weights of task.technique.model'
    )
  official.set_weights([values[i] for i in range(len(values))])


@technique.register(OfficialQatConfig)
class OfficialQat(technique.Technique):
  """QAT with `build_qat_classification_model` of Official Models."""

  kinds = ('qat_int8',)

  def apply(self, model: tf_keras.Model) -> tf_keras.Model:
    """See base class."""
    specs = tf_keras.layers.InputSpec(shape=model.input_shape)
    # As upstream: its L2 loss is that of tf.nn.l2_loss.
    regularizer = tf_keras.regularizers.l2(self.config.l2_weight_decay / 2)
    official = factory.build_classification_model(
        input_specs=specs,
        model_config=self.config.model,
        l2_regularizer=regularizer,
    )
    copy_weights(model, official)
    try:
      self._model = qat_factory.build_qat_classification_model(
          official,
          common.Quantization(),
          input_specs=specs,
          model_config=self.config.model,
          l2_regularizer=regularizer,
      )
    except (RuntimeError, ValueError) as error:
      raise errors.InputError(
          f'projects/qat refuses the model: {str(error).splitlines()[0]}'
      ) from error
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
        **inspection.of_kernels(exported['qat_int8'], bits=8, per_axis=True),
    }
