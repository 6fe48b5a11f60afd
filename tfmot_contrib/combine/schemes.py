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

"""Quantization schemes that keep what pruning and clustering have made.

TFMOT's own schemes for this decide by the type of a layer and are used here
layer by layer instead, by what its kernel is like. That mends three things from
outside:

* A kernel that was clustered as a whole is taken by TFMOT for one that was
  clustered by output channel as soon as each channel has about as many values.
  It then gets centroids for each channel, its clusters are lost
  (https://github.com/tensorflow/model-optimization/issues/1056), and its graph
  grows by some ten operations a channel: minutes of tracing.
* Where channels have centroids of their own, the smallest of each becomes zero,
  whether it was or not
  (https://github.com/tensorflow/model-optimization/issues/979).
* All layers of a kind share one quantizer of TFMOT, and it forgets that zeros
  are to be kept as soon as one of the layers has none.
"""

import types
from typing import Any, Mapping

import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

_combine = tfmot.experimental.combine
_default_8bit = tfmot.quantization.keras.default_8bit
_quantizers = tfmot.quantization.keras.quantizers

# Exactly these: TFMOT prunes and clusters no depthwise kernels.
_LAYERS = (tf_keras.layers.Conv2D, tf_keras.layers.Dense)


def keeps(
    layer: tf_keras.layers.Layer, clusters: int, zeros: bool
) -> tuple[bool, bool]:
  """Tells what there is to keep in a layer.

  Args:
    layer: A plain layer, built.
    clusters: How many values a clustered kernel has at most; 0 for none.
    zeros: Whether zeros matter.

  Returns:
    Whether its kernel is clustered, and whether it is pruned.
  """
  if type(layer) not in _LAYERS:
    return False, False
  kernel = np.asarray(layer.kernel)
  clustered = clusters > 0 and 1 < np.unique(kernel).size <= clusters
  return clustered, zeros and bool(np.any(kernel == 0))


class _WholeKernelQuantizer(_quantizers.Quantizer):
  """A quantizer of TFMOT to which no layer is a convolution."""

  def __init__(self, quantizer: _quantizers.Quantizer):
    """Initializes the quantizer from TFMOT's."""
    self._quantizer = quantizer

  def build(self, tensor_shape, name, layer):
    """See base class."""
    plain = types.SimpleNamespace(**{name: getattr(layer.layer, name)})
    wrapper = types.SimpleNamespace(
        name=layer.name, layer=plain, add_weight=layer.add_weight
    )
    return self._quantizer.build(tensor_shape, name, wrapper)

  def __call__(
      self,
      inputs: tf.Variable,
      training: bool,
      weights: Mapping[str, Any],
      **kwargs,
  ) -> tf.Tensor:
    """See base class."""
    return self._quantizer(inputs, training, weights, **kwargs)

  def get_config(self):
    """See base class."""
    return self._quantizer.get_config()


class _Registry(_default_8bit.Default8BitQuantizeRegistry):
  """Chooses for each layer which scheme of TFMOT it gets."""

  def __init__(self, clusters: int, zeros: bool):
    """Initializes the registry; see `PreservingScheme`."""
    super().__init__()
    self._clusters, self._zeros = clusters, zeros

  def get_quantize_config(self, layer):
    """See base class."""
    clustered, pruned = keeps(layer, self._clusters, self._zeros)
    # Each layer gets its own registry, and so its own quantizer.
    if clustered:
      scheme = _combine.Default8BitClusterPreserveQuantizeScheme(pruned)
    elif pruned:
      scheme = _combine.Default8BitPrunePreserveQuantizeScheme()
    else:
      return super().get_quantize_config(layer)
    config = scheme.get_quantize_registry().get_quantize_config(layer)
    if clustered:
      config.weight_quantizer = _WholeKernelQuantizer(config.weight_quantizer)
    return config


class PreservingScheme(_default_8bit.Default8BitQuantizeScheme):
  """Int8 quantization that keeps clusters and zeros where there are any."""

  def __init__(self, clusters: int, zeros: bool):
    """Initializes the scheme.

    Args:
      clusters: How many values a clustered kernel has at most; kernels with
        more are quantized as ever. 0 keeps no clusters.
      zeros: Whether zeros are kept.
    """
    self._clusters, self._zeros = clusters, zeros

  def get_quantize_registry(self):
    """See base class."""
    return _Registry(self._clusters, self._zeros)
