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

"""Counts the floating-point operations of a model from its flat graph."""

import math

import tf_keras

from tfmot_contrib.modeling import flatten

_layers = tf_keras.layers
# A training step computes the outputs, and the gradients of the weights and of
# the inputs, each with as many multiplications.
TRAINING_PASSES = 3


def multiply_adds(layer: _layers.Layer, call: int = 0) -> int:
  """Counts the multiply-adds of the kernel of a layer, for one image.

  Args:
    layer: Any layer of a functional model.
    call: Which call of the layer, if it is shared.

  Returns:
    The number for Conv2D, DepthwiseConv2D and Dense; 0 for all others.
  """
  if isinstance(layer, _layers.DepthwiseConv2D):
    height, width, _, _ = layer.depthwise_kernel.shape
    window = height * width
  elif type(layer) is _layers.Conv2D:
    # The third axis of the kernel is the input channels of one group.
    window = math.prod(layer.kernel.shape[:3])
  elif isinstance(layer, _layers.Dense):
    window = layer.kernel.shape[0]
  else:
    return 0
  return window * math.prod(layer.get_output_shape_at(call)[1:])


def forward_flops(model: tf_keras.Model) -> int:
  """Counts the operations of inference on one image.

  Args:
    model: A functional model of images NHWC, flat or not.

  Returns:
    Twice the multiply-adds of all kernels. Normalization, activations and
    additions are left out, as is usual.

  Raises:
    errors.InputError: The model cannot be flattened.
  """
  flat = flatten.flatten(model)
  return 2 * sum(
      multiply_adds(layer, call)
      for layer in flat.layers
      for call in range(len(layer.inbound_nodes))
  )


def training_flops(model: tf_keras.Model) -> int:
  """Counts the operations of training on one image.

  Args:
    model: A functional model of images NHWC, flat or not.

  Returns:
    Three times those of inference.

  Raises:
    errors.InputError: The model cannot be flattened.
  """
  return TRAINING_PASSES * forward_flops(model)
