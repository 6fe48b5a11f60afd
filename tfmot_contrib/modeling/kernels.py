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

"""The kernels of a Keras model, by layer.

What a technique covers is said in layers; what it has done is judged on the
exported model, whose kernels `deployment.flatbuffer.named` finds by these.
"""

from typing import Iterator

import numpy as np
import tf_keras

_layers = tf_keras.layers
_KERNELS = ('kernel:0', 'depthwise_kernel:0')


def unwrapped(layer: _layers.Layer) -> _layers.Layer:
  """Returns the layer inside TFMOT's wrappers, or the layer itself."""
  while isinstance(layer, _layers.Wrapper):
    layer = layer.layer
  return layer


def _leaves(layer: _layers.Layer) -> Iterator[_layers.Layer]:
  """Yields the plain or wrapped layers that a layer is made of."""
  inner = unwrapped(layer)
  parts = list(inner._flatten_layers(recursive=False, include_self=False))
  if not parts:
    yield layer
  for part in parts:
    yield from _leaves(part)


def by_channel(model: tf_keras.Model) -> dict[str, np.ndarray]:
  """Returns the kernel of each convolution and dense layer.

  Args:
    model: Any model, plain or wrapped by TFMOT.

  Returns:
    By the name of the plain layer: [output channels, weights of one].

  Raises:
    ValueError: Two layers have the same name.
  """
  found = {}
  for leaf in _leaves(model):
    layer = unwrapped(leaf)
    if layer.name in found:
      raise ValueError(
          f'two layers of {model.name} are called {layer.name}: flatten it'
      )
    # Quantization puts a symbolic tensor where the layer had its variable.
    kernels = [w for w in leaf.weights if w.name.split('/')[-1] in _KERNELS]
    if isinstance(layer, _layers.DepthwiseConv2D):
      kernel = kernels[0].numpy()
      # Output channel number is input channel times multiplier plus which.
      found[layer.name] = kernel.reshape(np.prod(kernel.shape[:2]), -1).T
    elif isinstance(layer, (_layers.Conv2D, _layers.Dense)):
      kernel = np.moveaxis(kernels[0].numpy(), -1, 0)
      found[layer.name] = kernel.reshape(len(kernel), -1)
  return found
