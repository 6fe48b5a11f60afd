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

"""Quantization-aware training that keeps zeros (PQAT), clusters (CQAT) or both.

https://www.tensorflow.org/model_optimization/guide/combine/collaborative_optimization.
It starts from what pruning, clustering or both have made (`task.init_model`);
which zeros and clusters there are to keep is read from that. `schemes.py` tells
how TFMOT is made to do it.
"""

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np
import tensorflow_model_optimization as tfmot
import tf_keras

from tfmot_contrib import errors
from tfmot_contrib import technique
from tfmot_contrib.combine import schemes
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels as kernels_lib
from tfmot_contrib.quantization import quantization


@dataclasses.dataclass
class CombineConfig(technique.TechniqueConfig):
  """Config of quantization-aware training that keeps something.

  Attributes:
    clusters: How many values the kernels were clustered to, or 0 if clusters
      are not kept. A kernel with more values counts as not clustered.
    preserve_sparsity: Whether zeros are kept.
  """

  clusters: int = 0
  preserve_sparsity: bool = False


@technique.register(CombineConfig)
class Combine(technique.Technique):
  """PQAT, CQAT or PCQAT, by the config."""

  kinds = ('qat_int8',)

  def __init__(self, config: CombineConfig):
    """Initializes the technique from the experiment's config."""
    super().__init__(config)
    self._given: dict[str, np.ndarray] = {}
    self._clustered: set[str] = set()
    self._pruned: set[str] = set()
    self._distinct: dict[str, int] = {}

  def apply(self, model: tf_keras.Model) -> tf_keras.Model:
    """See base class."""
    clusters, zeros = self.config.clusters, self.config.preserve_sparsity
    if clusters < 0 or clusters == 1 or not (clusters or zeros):
      raise errors.InputError(
          f'task.technique.clusters is {clusters} and preserve_sparsity is'
          f' {zeros}: set one or both, clusters to 2 or more'
      )
    self._given = kernels_lib.by_channel(model)
    for layer in model.layers:
      clustered, pruned = schemes.keeps(layer, clusters, zeros)
      if clustered:
        self._clustered.add(layer.name)
        # TFMOT trains the centroids. Weight decay of the kernel would pull
        # equal weights apart: momentum differs if they were not always equal.
        layer.kernel_regularizer = None
      if pruned:
        self._pruned.add(layer.name)
    for wanted, found, start in (
        (clusters, self._clustered, f'kernel of 2 to {clusters} values'),
        (zeros, self._pruned, 'kernel with zeros'),
    ):
      if wanted and not found:
        raise errors.InputError(
            f'{model.name} has no {start}: start from the model.keras of a run'
            ' that made them (task.init_model)'
        )
    return quantization.quantize(
        model, schemes.PreservingScheme(clusters, zeros)
    )

  def strip(self, model: tf_keras.Model) -> tf_keras.Model:
    """See base class."""
    plain = tfmot.experimental.combine.strip_clustering_cqat(model)
    for name, values in kernels_lib.by_channel(plain).items():
      self._distinct[name] = np.unique(values).size
    return plain

  def invariants(
      self, exported: Mapping[str, Sequence[flatbuffer.Kernel]]
  ) -> Mapping[str, Any]:
    """See base class."""
    clusters = self.config.clusters
    every = {k.name: k for kernels in exported.values() for k in kernels}
    asked = [
        names
        for wanted, names in (
            (clusters, self._clustered),
            (self.config.preserve_sparsity, self._pruned),
        )
        if wanted
    ]
    covered = [name for name in every if all(name in names for names in asked)]
    skipped = [name for name in every if name not in covered]
    lost = emptied = excess = 0
    for name in self._clustered | self._pruned:
      kernel, given = every[name], self._given[name]
      if name in self._pruned:
        lost += int(np.count_nonzero(kernel.channels[given == 0]))
      emptied += kernel.zeros == kernel.values.size and bool(given.any())
      if name in self._clustered:
        excess = max(excess, kernel.distinct_per_channel - clusters)
    return {
        'zeros_lost': lost,
        # In the exported model each channel has its own scale.
        'clusters_in_excess': excess,
        'distinct_before_folding_in_excess': max(
            [0, *(self._distinct[name] - clusters for name in self._clustered)]
        ),
        # https://github.com/tensorflow/model-optimization/issues/979
        'kernels_emptied': emptied,
        # What could have been kept, were the run before complete.
        'left_alone': sum(
            every[name].operator != 'DEPTHWISE_CONV_2D' for name in skipped
        ),
        'covered': covered,
        'skipped': skipped,
        'sparsity_of_covered': (
            sum(every[name].zeros for name in covered)
            / max(sum(every[name].values.size for name in covered), 1)
        ),
    }
