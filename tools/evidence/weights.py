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

"""Measures weights through the stages of PCQAT, on the exported models.

Each stage starts from the one before, so that a channel of a layer can be
followed from the float baseline to the int8 model that is pruned and clustered.
"""

import json
import pathlib
from typing import Any, NamedTuple, Sequence

import numpy as np

from tfmot_contrib import errors
from tfmot_contrib.deployment import flatbuffer
from tools.evidence import rows


class Stage(NamedTuple):
  """A run whose exported model is looked into.

  Attributes:
    technique: Its folder.
    test: The convergence test.
    kind: Which of its exported models.
    title: For the plot.
  """

  technique: str
  test: str
  kind: str
  title: str


PCQAT = (
    Stage('baselines', 'resnet_cifar10', 'float', 'float baseline'),
    Stage('pruning', 'resnet_cifar10_sparsity80', 'float', 'pruned'),
    Stage(
        'combine',
        'resnet_cifar10_sparsity_clusters16',
        'float',
        'clustered, zeros kept',
    ),
    Stage('combine', 'resnet_cifar10_pcqat', 'qat_int8', 'PCQAT'),
)
# A convolution of 3x3 and the shortcut of 1x1 that TFMOT's issue 979 is about.
LAYERS = ('conv2d_2_3', 'conv2d_7')
_HALF = 127  # Bins on each side of 0: one for each int8 weight.


def measure(
    bazel_bin: pathlib.Path,
    chain: Sequence[Stage] = PCQAT,
    layers: Sequence[str] = LAYERS,
) -> dict[str, Any]:
  """Returns histograms of the weights of layers in each stage.

  The converter folds batch normalization into kernels, a factor a channel, and
  int8 has a scale a channel. So one channel is shown, as shares of its largest
  weight: the one with the most weights that are not zero after the last stage.

  Args:
    bazel_bin: Where Bazel puts the folders of runs.
    chain: The stages.
    layers: The names of layers, the same in every stage.

  Returns:
    JSON: the stages, and for each layer its size, the channel, and by stage the
    zeros of the layer and the distinct values and the histogram of the channel.

  Raises:
    errors.InputError: A run is missing or has no such layer.
  """
  exported = [_exported(bazel_bin, stage) for stage in chain]
  for name in layers:
    for stage, kernels in zip(chain, exported, strict=True):
      if name not in kernels:
        raise errors.InputError(
            f'{stage.test} has no layer {name}: mend LAYERS in'
            ' tools/evidence/weights.py'
        )
  return {
      'stages': [stage._asdict() for stage in chain],
      'layers': [
          _histograms(name, [kernels[name] for kernels in exported])
          for name in layers
      ],
  }


def _exported(
    bazel_bin: pathlib.Path, stage: Stage
) -> dict[str, flatbuffer.Kernel]:
  """Returns the kernels of a stage by the names of their layers."""
  run = bazel_bin / 'tfmot_contrib' / stage.technique / f'{stage.test}_run'
  try:
    names = json.loads((run / 'layers.json').read_text(encoding='utf-8'))
    model = (run / f'{stage.kind}.tflite').read_bytes()
  except OSError as error:
    raise errors.InputError(
        f'no exported model of {stage.technique}:{stage.test}:'
        f' {error.filename} cannot be read; {rows.COLLECT}'
    ) from error
  kernels = flatbuffer.kernels(model)
  return dict(zip(names[stage.kind], kernels, strict=True))


def _histograms(
    name: str, kernels: Sequence[flatbuffer.Kernel]
) -> dict[str, Any]:
  """Returns what is shown of a layer, by its kernel in each stage."""
  last = kernels[-1]
  channel = int(np.argmax(np.count_nonzero(last.channels, axis=1)))
  shown = []
  for kernel in kernels:
    weights = kernel.channels[channel].astype(np.float64)
    steps = np.round(_HALF * weights / max(np.abs(weights).max(), 1e-30))
    shown.append({
        'zeros': kernel.zeros,
        'distinct': int(np.unique(weights).size),
        'histogram': (
            np.bincount(
                steps.astype(int) + _HALF, minlength=2 * _HALF + 1
            ).tolist()
        ),
    })
  return {
      'name': name,
      'kernel': list(last.values.shape),
      'size': last.values.size,
      'channel': channel,
      'stages': shown,
  }
