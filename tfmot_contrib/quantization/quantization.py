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

"""Makes any flat model quantization-aware, all layers of it.

https://www.tensorflow.org/model_optimization/guide/quantization/training. TFMOT
puts fake quantization on each kernel and output, and the converter makes it
real. Layers that TFMOT does not know get a config of this module, so that none
stays float.
"""

from typing import Any

import tensorflow_model_optimization as tfmot
import tf_keras

from tfmot_contrib import errors

_keras = tfmot.quantization.keras
_layers = tf_keras.layers

# Before a batch normalization, TFMOT quantizes what the two make together.
_FOLDS_NORMALIZATION = (
    _layers.Conv2D,
    _layers.DepthwiseConv2D,
    _layers.Dense,
)
_ACTIVATIONS_OF_TFMOT = (
    'gelu',
    'linear',
    'relu',
    'relu6',
    'sigmoid',
    'softmax',
    'swish',
    'tanh',
)


class OutputQuantizeConfig(_keras.QuantizeConfig):
  """Quantizes what a layer without a kernel puts out, in 8 bits."""

  def get_weights_and_quantizers(self, layer):
    """See base class."""
    return []

  def get_activations_and_quantizers(self, layer):
    """See base class."""
    return []

  def set_quantize_weights(self, layer, quantize_weights):
    """See base class."""
    del layer, quantize_weights  # AutoGraph fails on an empty body.

  def set_quantize_activations(self, layer, quantize_activations):
    """See base class."""
    del layer, quantize_activations

  def get_output_quantizers(self, layer):
    """See base class."""
    return [
        _keras.quantizers.MovingAverageQuantizer(
            num_bits=8, per_axis=False, symmetric=False, narrow_range=False
        )
    ]

  def get_config(self):
    """See base class."""
    return {}


def scope() -> Any:
  """Returns the scope in which models that QAT made can be cloned or loaded."""
  return _keras.quantize_scope({
      'L2': tf_keras.regularizers.L2,
      'OutputQuantizeConfig': OutputQuantizeConfig,
  })


def _source(layer: _layers.Layer) -> _layers.Layer | None:
  """Returns the layer that alone feeds `layer`, if there is one."""
  sources = layer.inbound_nodes[0].parent_nodes
  return sources[0].layer if len(sources) == 1 else None


def _config_of(layer: _layers.Layer, registry: Any) -> Any:
  """Returns the config of a layer, or None to leave the choice to TFMOT."""
  if isinstance(layer, _layers.BatchNormalization):
    source = _source(layer)
    folds = isinstance(source, _FOLDS_NORMALIZATION) and not source.use_bias
    return None if folds else OutputQuantizeConfig()
  if isinstance(layer, _layers.Activation):
    name = getattr(layer.activation, '__name__', '')
    known = name in _ACTIVATIONS_OF_TFMOT
    return None if known else OutputQuantizeConfig()
  default = _keras.default_8bit.Default8BitQuantizeRegistry()
  if default.supports(layer) or registry.supports(layer) and layer.weights:
    return None
  if layer.weights:
    raise errors.InputError(
        f'QAT has no config for the weights of {layer.name}'
        f' ({type(layer).__name__}): add one to'
        ' tfmot_contrib/quantization/quantization.py'
    )
  return OutputQuantizeConfig()


def _copy(layer: _layers.Layer) -> _layers.Layer:
  """Returns a copy of a layer, which of ReLU6 is the one that TFMOT knows.

  TFMOT rounds before an activation that is called `relu6` too, and the exported
  model does not.
  https://github.com/tensorflow/model-optimization/issues/1030
  """
  name = getattr(getattr(layer, 'activation', None), '__name__', '')
  if isinstance(layer, _layers.Activation) and name == 'relu6':
    return _layers.ReLU(6.0, name=layer.name)
  return layer.__class__.from_config(layer.get_config())


def quantize(model: tf_keras.Model, scheme: Any = None) -> tf_keras.Model:
  """Returns a model that simulates quantization in training.

  Args:
    model: A flat functional model. It is left as it is.
    scheme: TFMOT's `QuantizeScheme`. The default is 8 bits, with a scale for
      each output channel of a convolution.

  Returns:
    A model with a copy of the weights, all layers of which are quantized.

  Raises:
    errors.InputError: A layer with weights cannot be quantized.
  """
  scheme = scheme or _keras.default_8bit.Default8BitQuantizeScheme()
  registry = scheme.get_quantize_registry()
  with scope():
    own = tf_keras.models.clone_model(model, clone_function=_copy)
    own.set_weights(model.get_weights())
    annotated = tf_keras.models.clone_model(
        own,
        clone_function=lambda layer: _keras.quantize_annotate_layer(
            layer, _config_of(layer, registry)
        ),
    )
    return _keras.quantize_apply(annotated, scheme)
