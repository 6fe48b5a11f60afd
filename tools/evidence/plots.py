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

"""Draws the plots of the documents and of the reports from the evidence."""

from typing import Any, Mapping, Sequence

import matplotlib
from matplotlib import lines
import numpy as np

from tfmot_contrib.convergence import judge
from tools.base import figures
from tools.evidence import rows

# Points of top-1 below the best model of a panel that are shown to scale.
_DEPTH = 8.0
_COLOURS = (
    '#444444',
    '#1f77b4',
    '#ff7f0e',
    '#2ca02c',
    '#d62728',
    '#9467bd',
    '#8c564b',
    '#17becf',
)
_MARKERS = {
    'float': 'o',
    'float16': 'D',
    'dynamic_range': '^',
    'int8': 's',
    'qat_int8': 'P',
    'sparse': 'X',
}
_MOST_LAYERS = 40
_MEGABYTES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


def front(points: Sequence[tuple[float, float]]) -> list[int]:
  """Returns which points are not beaten, from the smallest to the best.

  Args:
    points: Sizes and accuracies.

  Returns:
    The indices of those than which none is both as small and more accurate, or
    smaller and as accurate.
  """
  found: list[int] = []
  for i in sorted(
      range(len(points)), key=lambda i: (points[i][0], -points[i][1])
  ):
    if not found or points[i][1] > points[found[-1]][1]:
      found.append(i)
  return found


def accuracy_against_size(techniques: Sequence[rows.Technique]) -> Any:
  """Draws top-1 against zipped size, a panel for each model.

  Args:
    techniques: The evidence.

  Returns:
    The figure.
  """
  models = {row.model for t in techniques for row in t.judged}
  with matplotlib.rc_context(figures.STYLE):
    ordered = sorted(models, key=rows.order)
    figure, axes = figures.new((3.5 * len(ordered), 4.8), ncols=len(ordered))
    for panel, model in zip(axes[0], ordered, strict=True):
      _panel(panel, model, techniques)
    axes[0, 0].set_ylabel('CIFAR-10 test top-1, %')
    kinds = {e.kind for t in techniques for r in t.judged for e in r.exports}
    handles = [
        lines.Line2D([], [], color=colour, marker='.', ls='', ms=11, label=name)
        for name, colour in colours(techniques).items()
    ]
    handles += [
        lines.Line2D([], [], color='grey', marker=marker, ls='', label=kind)
        for kind, marker in _MARKERS.items()
        if kind in kinds
    ]
    figure.legend(
        handles=handles,
        loc='outside lower center',
        ncols=min(len(handles), 6),
        frameon=False,
    )
  return figure


def colours(techniques: Sequence[rows.Technique]) -> dict[str, str]:
  """Returns the colour of each technique."""
  return {
      technique.name: _COLOURS[i % len(_COLOURS)]
      for i, technique in enumerate(techniques)
  }


def _panel(axes: Any, model: str, techniques: Sequence[rows.Technique]) -> None:
  """Draws one model: points, the line of those not beaten, and their names."""
  colour_of = colours(techniques)
  points = [
      (export, row.label, colour_of[technique.name])
      for technique in techniques
      for row in technique.judged
      if row.model == model
      for export in row.exports
  ]
  sizes = np.array([export.gzip_bytes / 1e6 for export, _, _ in points])
  top1 = np.array([export.accuracy for export, _, _ in points])
  floor = max(top1.max() - _DEPTH, top1.min() - 0.5)
  for x, y, (export, label, colour) in zip(sizes, top1, points, strict=True):
    marker = _MARKERS.get(export.kind, '*')
    axes.plot(x, max(y, floor), marker, color=colour, ms=5, alpha=0.8, mew=0)
    if y < floor:  # Its place says nothing: its number does.
      _label(axes, f'{label} {y:.1f} % ↓', x, floor, 9)
  best = front(list(zip(sizes, top1, strict=True)))
  best = [i for i in best if top1[i] >= floor]
  axes.plot(sizes[best], top1[best], color='grey', lw=0.8, zorder=0)
  for i in best:
    _label(axes, points[i][1], sizes[i], top1[i], 5)
  axes.set_title(rows.title(model))
  axes.set_xscale('log')
  low, high = sizes.min() / 1.25, sizes.max() * 1.25
  ticks = [size for size in _MEGABYTES if low <= size <= high]
  axes.set_xticks(ticks, [f'{size:g}' for size in ticks])
  axes.set_xticks([], minor=True)
  axes.set_xlim(low, high)
  axes.set_ylim(floor - 0.4, top1.max() + 1.4)
  axes.set_xlabel('gzip size of the .tflite, MB')
  axes.grid(alpha=0.3)


def _label(axes: Any, text: str, x: float, y: float, rise: float) -> None:
  """Writes a name above a point, slanted so that names do not overlap."""
  axes.annotate(
      text,
      (x, y),
      xytext=(0, rise),
      textcoords='offset points',
      fontsize=7,
      rotation=40,
      rotation_mode='anchor',
  )


def weights_of_stages(measured: Mapping[str, Any]) -> Any:
  """Draws the weights of layers, a column for each stage.

  Args:
    measured: What `weights.measure` returned.

  Returns:
    The figure.
  """
  stages, layers = measured['stages'], measured['layers']
  with matplotlib.rc_context(figures.STYLE):
    figure, axes = figures.new(
        (2.7 * len(stages), 2.3 * len(layers) + 0.4),
        nrows=len(layers),
        ncols=len(stages),
        sharex=True,
        sharey='row',
    )
    for line, layer in zip(axes, layers, strict=True):
      for panel, stage, shown in zip(
          line, stages, layer['stages'], strict=True
      ):
        _spikes(panel, shown['histogram'])
        panel.text(
            0.02,
            0.98,
            f'layer: {100 * shown["zeros"] / layer["size"]:.1f} % zeros\n'
            f'channel: {shown["distinct"]} values',
            transform=panel.transAxes,
            va='top',
            fontsize=7.5,
        )
        if layer is layers[0]:
          panel.set_title(f'{stage["title"]}\n{stage["kind"]}.tflite')
      shape = 'x'.join(map(str, layer['kernel']))
      line[0].set_ylabel(
          f'{layer["name"]}, {shape}\nchannel {layer["channel"]}, weights'
      )
      line[0].set_ylim(0.5, 20 * max(map(_highest, layer['stages'])))
    for panel in axes[-1]:
      panel.set_xlabel('weight / largest')
  return figure


def _spikes(axes: Any, histogram: Sequence[int]) -> None:
  """Draws a histogram as one line with a spike for each bin that is used."""
  half = len(histogram) // 2
  x, y = [], []
  for i, count in enumerate(histogram):
    if count:
      x += [(i - half) / half] * 2 + [np.nan]
      y += [0.5, count, np.nan]
  axes.plot(x, y, color=_COLOURS[1], lw=1.2, solid_capstyle='butt')
  axes.set_yscale('log')
  axes.minorticks_off()
  axes.set_yticks([1, 10, 100, 1000], ['1', '10', '100', '1000'])
  axes.set_xlim(-1.05, 1.05)


def _highest(shown: Mapping[str, Any]) -> int:
  """Returns the count of the fullest bin of a stage."""
  return max(shown['histogram'])


def path(verdict: judge.Verdict) -> Any:
  """Draws what the sequential test saw, seed by seed, and where it stops.

  Args:
    verdict: On a drop, with a decision.

  Returns:
    The figure.
  """
  figure, ((axes,),) = figures.new((4.2, 2.6))
  bounds, growth = verdict.decision.bounds, verdict.decision.path
  seeds = np.arange(1, len(bounds.passes) + 1)
  axes.plot(seeds, bounds.passes, '--', color=_COLOURS[3], lw=1, label='passes')
  finite = np.isfinite(bounds.fails)
  axes.plot(
      seeds[finite],
      bounds.fails[finite],
      '--',
      color=_COLOURS[4],
      lw=1,
      label='fails',
  )
  axes.plot(seeds[: len(growth)], growth, 'o-', color=_COLOURS[1], ms=5)
  axes.axhline(0, color='grey', lw=0.6)
  axes.set_xticks(seeds)
  axes.set_xlabel('seeds')
  axes.set_ylabel('mean growth, deviations')
  axes.legend(frameon=False, fontsize=8)
  axes.set_title(f'{verdict.claim.id}: {verdict.word}', fontsize=9)
  return figure


def zeros(row: rows.Row) -> Any:
  """Draws the share of zeros of each layer of the deployed model.

  Args:
    row: The row.

  Returns:
    The figure.
  """
  kernels = row.run.exported[row.deployed.kind]['kernels'][:_MOST_LAYERS]
  figure, ((axes,),) = figures.new((4.2, 0.7 + 0.13 * len(kernels)))
  shares = [100 * k['zeros'] / k['size'] for k in kernels]
  places = np.arange(len(kernels))
  axes.barh(places, shares, color=_COLOURS[1], height=0.8)
  axes.set_yticks(places, [k['name'] for k in kernels], fontsize=6)
  axes.invert_yaxis()
  axes.set_xlim(0, 100)
  axes.set_xlabel(f'zeros in {row.deployed.kind}.tflite, %')
  return figure
