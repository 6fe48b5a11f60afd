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

"""Rewrites a flat model so that XNNPACK may run it with sparse kernels.

XNNPACK's sparse inference, and so TFMOT's `PruneForLatencyOnXNNPack`, wants a
3x3 convolution of stride 2 on three channels at the beginning, every stride-2
convolution padded alike on all sides, and a pooling that keeps its dimensions
at the end. Official models pad as `same` does: an even size at the bottom and
right alone. Two reorderings of the pixels make the outputs equal all the same:

* The network sees the image turned by 180 degrees, with its kernels turned too.
  What was padded at the bottom and right is padded at the top and left, and the
  padding on the other side is never read.
* A first convolution of stride 1 (`cifar_backbones`) takes every second window
  of an image with the rows 1, 0, 2, 1, 3, 2, and so on to zeros and the last:
  but for the order inside, those are the windows of stride 1, and the kernel is
  put in the same order. Columns likewise.
"""

from typing import Any, Sequence

import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib.modeling import flatten

_layers = tf_keras.layers
# They do the same whichever way the image is turned.
_INDIFFERENT = (
    _layers.Activation,
    _layers.Add,
    _layers.BatchNormalization,
    _layers.Dense,
    _layers.Dropout,
    _layers.GlobalAveragePooling2D,
    _layers.InputLayer,
    _layers.Multiply,
    _layers.ReLU,
    _layers.Rescaling,
)


@tf_keras.saving.register_keras_serializable('tfmot_contrib')
class Reorder(_layers.Layer):
  """Reorders the pixels of an image for a first convolution of stride 2."""

  def __init__(self, stride: int, **kwargs):
    """Initializes the layer.

    Args:
      stride: Of the convolution before it was rewritten: 2 to turn the image, 1
        to make it twice as large too.
      **kwargs: Those of any layer.
    """
    super().__init__(**kwargs)
    self.stride = stride

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """See base class."""
    x = inputs
    if self.stride == 1:
      x = tf.pad(x, [[0, 0], [0, 1], [0, 1], [0, 0]])
    for axis in (1, 2):
      size = inputs.shape[axis] or tf.shape(inputs)[axis]
      order = tf.range(size - 1, -1, -1)
      if self.stride == 1:
        following = tf.concat([order[1:], [size]], axis=0)
        order = tf.reshape(tf.stack([following, order], axis=1), [-1])
      x = tf.gather(x, order, axis=axis)
    return x

  def get_config(self) -> dict[str, Any]:
    """See base class."""
    return {**super().get_config(), 'stride': self.stride}


class _Chain(_layers.Layer):
  """Some layers in place of one, until `flatten` opens it."""

  def __init__(self, parts: Sequence[_layers.Layer]):
    super().__init__()
    self.parts = list(parts)

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """See base class."""
    for part in self.parts:
      inputs = part(inputs)
    return inputs


def _can_turn(layer: _layers.Layer) -> bool:
  """Tells whether a layer is indifferent, or can be turned and padded."""
  if not isinstance(layer, (_layers.Conv2D, _layers.DepthwiseConv2D)):
    return isinstance(layer, _INDIFFERENT)
  side, stride = layer.kernel_size[0], layer.strides[0]
  return (
      (layer.padding == 'same' or side == 1)
      and layer.data_format == 'channels_last'
      and layer.dilation_rate == (1, 1)
      and layer.kernel_size == (side, side)
      and layer.strides == (stride, stride)
      and side % 2 == 1
      and (stride == 1 or stride == 2 and side > 1)
  )


def _stem(model: tf_keras.Model) -> _layers.Layer | None:
  """Returns the convolution that alone takes the image, if it can be turned."""
  takers = [
      layer
      for layer in model.layers
      if layer.input is model.inputs[0]
      and not isinstance(layer, _layers.InputLayer)
  ]
  if len(takers) != 1 or not all(_can_turn(layer) for layer in model.layers):
    return None
  fits = getattr(takers[0], 'kernel_size', None) == (3, 3)
  return takers[0] if fits else None


def rewrite(model: tf_keras.Model) -> tf_keras.Model:
  """Returns a flat model in the form that XNNPACK's sparse inference takes.

  Args:
    model: A flat functional model.

  Returns:
    A flat model with equal outputs and the same names of its layers. One that
    cannot be rewritten is returned as it is: whoever wants the form says what
    it lacks.
  """
  stem = _stem(model)
  if stem is None:
    return model
  copies = []

  def copy(layer: _layers.Layer, **changes: Any) -> _layers.Layer:
    copies.append(
        (layer, type(layer).from_config({**layer.get_config(), **changes}))
    )
    return copies[-1][1]

  def replace(layer: _layers.Layer) -> _layers.Layer:
    name = layer.name
    if layer is stem or getattr(layer, 'strides', None) == (2, 2):
      parts = [
          _layers.ZeroPadding2D(layer.kernel_size[0] // 2, name=f'{name}_pad'),
          copy(layer, strides=(2, 2), padding='valid'),
      ]
      if layer is stem:
        parts.insert(0, Reorder(layer.strides[0], name=f'{name}_reorder'))
      return _Chain(parts)
    if isinstance(layer, _layers.GlobalAveragePooling2D) and not layer.keepdims:
      keeping = copy(layer, keepdims=True)
      return _Chain([keeping, _layers.Flatten(name=f'{name}_flatten')])
    if getattr(layer, 'activation', None) is tf_keras.activations.linear and (
        isinstance(layer, _layers.Activation)
    ):
      return _layers.Dropout(0.0, name=name)  # The policy knows no `linear`.
    return copy(layer) if layer.weights else layer

  result = tf_keras.models.clone_model(model, clone_function=replace)
  for old, new in copies:
    weights = old.get_weights()
    weights = [w[::-1, ::-1] if w.ndim == 4 else w for w in weights]
    if old is stem and old.strides == (1, 1):
      weights[0] = weights[0][np.ix_([0, 2, 1], [0, 2, 1])]
    new.set_weights(weights)
  return flatten.flatten(result)
