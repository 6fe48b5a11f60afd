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

"""The table of the training benchmark."""

import os
import statistics
from typing import Any, Iterable

from tools.base import markdown

VARIANTS = ('ours', 'stock')
PRECISIONS = ('float32', 'bfloat16')
# Ours should train this many times as many images a second as stock.
BAR = 2.0
_HEADER = (
    'model',
    'variant',
    'precision',
    'training images/s',
    'CPU ms',
    'GFLOP/s',
    'roofline',
    'input alone images/s',
    'headroom',
)


def middle(values: Iterable[float], digits: int = 0) -> str:
  """Formats the median and the range of measurements."""
  values = sorted(values)
  low, median, high = (
      f'{v:,.{digits}f}'
      for v in (values[0], statistics.median(values), values[-1])
  )
  return f'{median} ({low}-{high})'


def ratios(result: dict[str, Any]) -> list[float]:
  """Returns the speed of ours divided by that of stock, round by round."""
  return [
      ours['images_per_second'] / stock['images_per_second']
      for ours, stock in zip(
          result['ours']['train'], result['stock']['train'], strict=True
      )
  ]


def cpu_ratio(result: dict[str, Any]) -> float:
  """Returns by how much less processor time ours needs for an image."""
  ours, stock = (
      statistics.median(r['cpu_ms_per_image'] for r in result[variant]['train'])
      for variant in VARIANTS
  )
  return stock / ours


def table(results: dict[str, Any]) -> str:
  """Formats what was measured.

  Args:
    results: What `training.measure` returned, by the names of the models.

  Returns:
    A table in Markdown, and lines of text.
  """
  peak = {
      precision: [
          speed['gflops']
          for result in results.values()
          for speed in result['matmul'][precision]
      ]
      for precision in PRECISIONS
  }
  rows = []
  verdicts = []
  for model, result in results.items():
    for variant in VARIANTS:
      part = result[variant]
      train = [r['images_per_second'] for r in part['train']]
      read = [r['images_per_second'] for r in part['read']]
      speed = statistics.median(train)
      gflops = speed * part['training_flops_per_image'] / 1e9
      share = gflops / max(peak[part['precision']])
      cpu = statistics.median(r['cpu_ms_per_image'] for r in part['train'])
      rows.append((
          model,
          variant,
          part['precision'],
          middle(train),
          f'{cpu:.3f}',
          f'{gflops:.1f}',
          f'{share:.0%}',
          middle(read),
          f'{statistics.median(read) / speed:.1f}x',
      ))
    pairs = ratios(result)
    met = 'met' if statistics.median(pairs) >= BAR else 'missed'
    verdicts.append(
        f'{model}: ours/stock {middle(pairs, 2)}, aim >= {BAR}: {met};'
        f' {cpu_ratio(result):.2f} by processor time'
    )
  for precision, speeds in peak.items():
    verdicts.append(
        f'roofline: tf.matmul {precision} {middle(speeds)} GFLOP/s on'
        f' {os.cpu_count()} cores, the fastest counts'
    )
  return '\n'.join([markdown.table(_HEADER, rows), *verdicts])
