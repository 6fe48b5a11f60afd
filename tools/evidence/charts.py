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

"""Draws the charts of the report page, one row or technique at a time."""

from typing import Any, Sequence

import numpy as np

from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import reference
from tools.base import figures
from tools.evidence import plots
from tools.evidence import rows

_BLUE, _RED, _GREEN, _GREY = '#1f77b4', '#d62728', '#2ca02c', '#888888'
_MOST_LAYERS = 40


def _axes(width: float, height: float) -> tuple[Any, Any]:
  """Returns a figure and its only axes."""
  figure, axes = figures.new((width, height))
  return figure, axes[0, 0]


def path(verdict: judge.Verdict) -> Any:
  """Draws what the sequential test saw, seed by seed, and where it stops.

  Args:
    verdict: On a drop, with a decision.

  Returns:
    The figure.
  """
  figure, axes = _axes(4.2, 2.6)
  bounds, growth = verdict.decision.bounds, verdict.decision.path
  seeds = np.arange(1, len(bounds.passes) + 1)
  axes.plot(seeds, bounds.passes, '--', color=_GREEN, lw=1, label='passes')
  finite = np.isfinite(bounds.fails)
  axes.plot(
      seeds[finite], bounds.fails[finite], '--', color=_RED, lw=1, label='fails'
  )
  axes.plot(seeds[: len(growth)], growth, 'o-', color=_BLUE, ms=5)
  axes.axhline(0, color=_GREY, lw=0.6)
  axes.set_xticks(seeds)
  axes.set_xlabel('seeds')
  axes.set_ylabel('mean growth, deviations')
  axes.legend(frameon=False, fontsize=8)
  axes.set_title(f'{verdict.claim.id}: {verdict.word}', fontsize=9)
  return figure


def seeds(known: reference.Reference) -> Any:
  """Draws the drop of each seed of a reference, with those before a refresh.

  Args:
    known: The reference.

  Returns:
    The figure.
  """
  figure, axes = _axes(4.2, 2.6)
  for place, claim in enumerate(known.seeds[0].drops):
    values = known.drops(claim)
    axes.plot(values, [place] * len(values), 'o', color=_BLUE, ms=4, alpha=0.7)
    for entry in known.history:
      if claim in entry['drops']:
        axes.plot(entry['drops'][claim], place + 0.25, 'v', color=_GREY, ms=4)
  names = list(known.seeds[0].drops)
  axes.set_yticks(range(len(names)), names)
  axes.set_ylim(-0.5, len(names) - 0.3)
  axes.set_xlabel('drop, points (triangles: means, old to new)')
  axes.set_title(f'{len(known.seeds)} seeds of the reference', fontsize=9)
  return figure


def zeros(row: rows.Row) -> Any:
  """Draws the share of zeros of each layer of the deployed model.

  Args:
    row: The row.

  Returns:
    The figure.
  """
  kernels = row.run.exported[row.deployed.kind]['kernels'][:_MOST_LAYERS]
  figure, axes = _axes(4.2, 0.7 + 0.13 * len(kernels))
  shares = [100 * k['zeros'] / k['size'] for k in kernels]
  places = np.arange(len(kernels))
  axes.barh(places, shares, color=_BLUE, height=0.8)
  axes.set_yticks(places, [k['name'] for k in kernels], fontsize=6)
  axes.invert_yaxis()
  axes.set_xlim(0, 100)
  axes.set_xlabel(f'zeros in {row.deployed.kind}.tflite, %')
  return figure


def benefit(techniques: Sequence[rows.Technique]) -> Any:
  """Draws what is paid for what is gained: drop against zipped share.

  Args:
    techniques: The evidence.

  Returns:
    The figure: a dot for each row's deployed model, and hollow at the same size
    the drop that is documented for it.
  """
  figure, axes = _axes(7.5, 4.2)
  colours = plots.colours(techniques)
  for technique in techniques:
    colour = colours[technique.path.name]
    first = True
    for row in technique.judged:
      if row.baseline is None:
        continue
      best = row.deployed
      axes.plot(
          best.zipped,
          best.drop,
          'o',
          color=colour,
          ms=5,
          label=technique.path.name if first else None,
      )
      first = False
      for verdict in row.verdicts:
        claim = verdict.claim
        if claim.relation == 'drop' and claim.at_most is not None:
          axes.plot(
              best.zipped,
              claim.at_most - claim.for_noise,
              'o',
              mfc='none',
              color=colour,
              ms=5,
          )
  axes.axhline(0, color=_GREY, lw=0.6)
  axes.set_xlabel('gzip size, share of the float baseline')
  axes.set_ylabel('drop of top-1, points (hollow: documented)')
  axes.legend(frameon=False, fontsize=8)
  return figure
