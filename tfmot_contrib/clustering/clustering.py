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

"""Weight clustering: each kernel gets a few values that all its weights share.

https://www.tensorflow.org/model_optimization/guide/clustering; the idea is of
Han et al., Deep Compression (https://arxiv.org/abs/1510.00149). TFMOT wraps
each convolution and dense layer; centroids and weights are trained together.
Depthwise kernels and biases keep all their values, as TFMOT's registry has it.
"""

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np
import orbit
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from tfmot_contrib import errors
from tfmot_contrib import technique
from tfmot_contrib.clustering import per_channel
from tfmot_contrib.clustering import zeros
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels as kernels_lib

_CLUSTERED_LAYERS = (tf_keras.layers.Conv2D, tf_keras.layers.Dense)


@dataclasses.dataclass
class ClusteringConfig(technique.TechniqueConfig):
  """Config of weight clustering.

  Attributes:
    clusters: How many values a kernel has in the end.
    centroids_init: Where centroids begin: `linear`, `random`, `density_based`
      or `kmeans_plus_plus`.
    last_layers: Clusters only so many layers, the last ones; 0 is all.
    per_channel: Whether each output channel of a convolution has values of its
      own. Channels with no more weights than `clusters` are left alone.
    preserve_sparsity: Whether zeros stay zeros, in all layers.
  """

  clusters: int = 16
  centroids_init: str = 'kmeans_plus_plus'
  last_layers: int = 0
  per_channel: bool = False
  preserve_sparsity: bool = False


def centroids_init(config: ClusteringConfig) -> Any:
  """Checks the config and returns TFMOT's name of the initialization.

  Args:
    config: The config.

  Returns:
    A `tfmot.clustering.keras.CentroidInitialization`.

  Raises:
    errors.InputError: The config makes no clustering.
  """
  fewest = 3 if config.preserve_sparsity else 2
  known = {
      init.name.lower(): init
      for init in tfmot.clustering.keras.CentroidInitialization
  }
  for field, good, mend in (
      ('clusters', config.clusters >= fewest, f'{fewest} or more'),
      ('last_layers', config.last_layers >= 0, '0 (all) or more'),
      ('centroids_init', config.centroids_init in known, ', '.join(known)),
  ):
    if not good:
      value = getattr(config, field)
      raise errors.InputError(f'task.technique.{field} is {value}: {mend}')
  return known[config.centroids_init]


@technique.register(ClusteringConfig)
class Clustering(technique.Technique):
  """Clustering with TFMOT's `cluster_weights`."""

  def __init__(self, config: ClusteringConfig):
    """Initializes the technique from the experiment's config."""
    super().__init__(config)
    self._by_channel: dict[str, bool] = {}  # Of each layer that is clustered.
    self._zeros: zeros.GivenZeros | None = None
    self._distinct: dict[str, int] = {}

  def _wrap(self, layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
    """Returns the layer that trains clustered, or the layer if it is tiny."""
    config, init = self.config, centroids_init(self.config)
    by_channel = config.per_channel and isinstance(
        layer, tf_keras.layers.Conv2D
    )
    weights = np.prod(layer.kernel.shape[: -1 if by_channel else None])
    if weights <= config.clusters:
      return layer
    self._by_channel[layer.name] = by_channel
    if by_channel:
      return per_channel.ClusterChannels(
          layer, config.clusters, init, config.preserve_sparsity
      )
    wrapped = tfmot.clustering.keras.cluster_weights(
        layer,
        config.clusters,
        init,
        preserve_sparsity=config.preserve_sparsity,
    )
    if wrapped is layer:
      raise errors.InputError(f'TFMOT does not cluster the layer {layer.name}')
    return wrapped

  def apply(self, model: tf_keras.Model) -> tf_keras.Model:
    """See base class."""
    config = self.config
    centroids_init(config)
    layers = [x for x in model.layers if type(x) in _CLUSTERED_LAYERS]
    if config.last_layers > len(layers):
      raise errors.InputError(
          f'task.technique.last_layers is {config.last_layers}, but'
          f' {model.name} has {len(layers)} layers that can be clustered'
      )
    chosen = {layer.name for layer in layers[-config.last_layers :]}
    if config.preserve_sparsity:
      self._zeros = zeros.GivenZeros(model)
      if not self._zeros.count:
        raise errors.InputError(
            f'task.technique.preserve_sparsity is set, but {model.name} has no'
            ' zeros: start from a pruned model (task.init_model)'
        )
    try:
      result = tf_keras.models.clone_model(
          model,
          clone_function=lambda x: self._wrap(x) if x.name in chosen else x,
      )
    except tf.errors.InvalidArgumentError as error:
      raise errors.InputError(
          f'TFMOT cannot make {config.clusters} clusters in {model.name}:'
          f' {error.message}; fewer may do'
      ) from error
    if not self._by_channel:
      raise errors.InputError(
          f'{model.name} has no layer that can be clustered into'
          f' {config.clusters} values'
      )
    return result

  def train_actions(self, model: tf_keras.Model) -> Sequence[orbit.Action]:
    """See base class."""
    return [self._zeros.action(model)] if self._zeros else []

  def strip(self, model: tf_keras.Model) -> tf_keras.Model:
    """See base class."""
    # It associates weights and centroids anew, so the last step counts too.
    plain = tfmot.clustering.keras.strip_clustering(model)
    for name, values in kernels_lib.by_channel(plain).items():
      parts = values if self._by_channel.get(name) else [values]
      self._distinct[name] = max(np.unique(part).size for part in parts)
    return plain

  def invariants(
      self, exported: Mapping[str, Sequence[flatbuffer.Kernel]]
  ) -> Mapping[str, Any]:
    """See base class."""
    every = [kernel for kernels in exported.values() for kernel in kernels]
    names = list(dict.fromkeys(kernel.name for kernel in every))
    clusters = self.config.clusters
    covered = [k for k in every if k.name in self._by_channel]
    result = {
        # In the exported model each channel has its own batch normalization.
        'clusters_in_excess': max(
            [0, *(k.distinct_per_channel - clusters for k in covered)]
        ),
        'distinct_before_folding_in_excess': max(
            [0, *(self._distinct[name] - clusters for name in self._by_channel)]
        ),
        'layers_covered': sum(name in self._by_channel for name in names),
        'covered': [name for name in names if name in self._by_channel],
        'skipped': [name for name in names if name not in self._by_channel],
    }
    if self._zeros:
      result['zeros_given'] = self._zeros.count
      result['zeros_lost'] = self._zeros.lost(exported)
    return result
