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

"""TFMOT's per-channel clustering, without its loop over the output channels.

TFMOT traces some ten operations for each output channel of each convolution: a
model of a few thousand channels takes minutes to wrap and to trace. The layer
here trains to the same weights with a handful of operations a convolution, and
also takes channels with fewer weights of a sign than clusters, as in a pruned
model, where TFMOT raises.
"""

from typing import Any, Sequence

import numpy as np
import tensorflow as tf, tf_keras
from tensorflow_model_optimization.python.core.clustering.keras import (
    cluster_wrapper,
    clustering_algorithm,
    clustering_centroids,
)

_AVERAGE = cluster_wrapper.GradientAggregation.AVG


class ChannelAlgorithm(clustering_algorithm.ClusteringAlgorithm):
  """Associates weights and centroids, with `centroids` [channels, clusters].

  The base class finds the nearest centroid of each weight with operations that
  broadcast over the last axis of a kernel, its output channels.
  """

  def get_clustered_weight(
      self, pulling_indices: tf.Tensor, original_weight: tf.Tensor
  ) -> tf.Tensor:
    """See base class."""
    channels, clusters = self.cluster_centroids.shape
    first = tf.range(channels, dtype=pulling_indices.dtype) * clusters
    indices = pulling_indices + first
    centroids = tf.reshape(self.cluster_centroids, [-1])
    if self.cluster_gradient_aggregation == _AVERAGE:
      members = tf.math.bincount(
          tf.cast(indices, tf.int32),
          minlength=channels * clusters,
          dtype=centroids.dtype,
      )
      centroids = self.average_centroids_gradient_by_cluster_size(
          centroids, members
      )
    # A variable on several replicas would break the custom gradient.
    return self.add_gradient_to_original_weight(
        tf.gather(centroids, indices), tf.identity(original_weight)
    )


def initial_centroids(
    channels: Sequence[np.ndarray],
    clusters: int,
    centroids_init: Any,
    preserve_sparsity: bool,
) -> np.ndarray:
  """Returns where the centroids of each output channel begin.

  Args:
    channels: The weights of each output channel.
    clusters: How many centroids a channel has.
    centroids_init: A `tfmot.clustering.keras.CentroidInitialization`.
    preserve_sparsity: Whether one of the centroids is zero.

  Returns:
    TFMOT's choice, [channels, clusters]. Where a channel has no more values
    than centroids, they are these values, the last one repeated.
  """
  factory = clustering_centroids.CentroidsInitializerFactory
  initialize = factory.get_centroid_initializer(centroids_init)
  result = []
  for weights in channels:
    own = np.unique(np.append(weights, 0) if preserve_sparsity else weights)
    if own.size > clusters:
      own = initialize(
          tf.constant(weights), clusters, preserve_sparsity=preserve_sparsity
      ).get_cluster_centroids()
    result.append(np.pad(own, [0, clusters - len(own)], 'edge'))
  return np.stack(result).astype(np.float32)


class ClusterChannels(cluster_wrapper.ClusterWeights):
  """Clusters each output channel of a Conv2D by itself.

  It is a `ClusterWeights`, so that `strip_clustering` knows it.
  """

  def __init__(self, layer: tf_keras.layers.Conv2D, *args: Any, **kwargs: Any):
    """Initializes the layer as `ClusterWeights`, per channel."""
    super().__init__(layer, *args, cluster_per_channel=True, **kwargs)

  def build(self, input_shape: Any) -> None:
    """See base class, whose loops over the channels this replaces."""
    tf_keras.layers.Wrapper.build(self, input_shape)
    self.build_input_shape = input_shape
    kernel = self.layer.kernel
    (position,) = (i for i, w in enumerate(self.layer.weights) if w is kernel)
    self.position_original_weights[position] = 'kernel'
    self.original_clusterable_weights['kernel'] = kernel
    self.original_weight_kernel = kernel
    self.num_channels = kernel.shape[-1]
    centroids = initial_centroids(
        np.moveaxis(kernel.numpy(), -1, 0),
        self.number_of_clusters,
        self.cluster_centroids_init,
        self.preserve_sparsity,
    )
    self.cluster_centroids['kernel'] = self.add_weight(
        'cluster_centroids_kernel',
        shape=centroids.shape,
        initializer=tf_keras.initializers.Constant(centroids),
    )
    algorithm = ChannelAlgorithm(
        self.cluster_centroids['kernel'], self.cluster_gradient_aggregation
    )
    self.clustering_algorithms['kernel'] = algorithm
    if self.preserve_sparsity:
      zero = np.argmin(np.abs(centroids), axis=1)
      self.zero_idx['kernel'] = tf.constant(zero)
      indices = algorithm.get_pulling_indices(kernel)
      kept = algorithm.get_clustered_weight(indices, kernel) != 0
      self.sparsity_masks['kernel'] = tf.cast(kept, kernel.dtype)

  def update_clustered_weights_associations(self) -> None:
    """See base class."""
    kernel = self.original_weight_kernel
    algorithm = self.clustering_algorithms['kernel']
    if self.preserve_sparsity:
      centroids = self.cluster_centroids['kernel']
      zero = tf.gather(centroids, self.zero_idx['kernel'], batch_dims=1)
      centroids.assign(
          tf.where(centroids == zero[:, None], 0.0, tf.identity(centroids))
      )
      kernel = kernel * self.sparsity_masks['kernel']
    indices = algorithm.get_pulling_indices(kernel)
    self.layer.kernel = algorithm.get_clustered_weight(indices, kernel)
