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

"""Writes the report of a reproduction: Markdown, HTML with plots, and JSON."""

import html
import json
import pathlib
from typing import Any, Mapping, Sequence

from tools.base import figures
from tools.base import files
from tools.base import markdown as markdown_lib
from tools.evidence import charts
from tools.evidence import compare
from tools.evidence import page

_HEADER = (
    'claim',
    'documented',
    'contributor',
    'measured',
    'bound',
    'result',
)


def _cells(result: compare.Result) -> list[str]:
  """Returns the cells of a claim as text."""
  values = [f'{value:.4g}' for value in result.values]
  measured = ', '.join(dict.fromkeys(values))
  before = '-' if result.before is None else f'{result.before:.4g}'
  return [
      result.claim.id,
      result.claim.documented,
      before,
      measured,
      result.verdict.bound,
      result.word,
  ]


def _about(test: compare.Test) -> str:
  """Returns what the numbers of a test stand on, in a sentence."""
  first = test.shown.runs[0]
  seeds = ', '.join(str(run.seed) for run in test.shown.runs)
  same = {
      None: 'there is no record of the contributor to compare with',
      True: 'seed 1 has the weights of the contributor to the last bit',
      False: 'seed 1 has other weights than that of the contributor',
  }[test.same_weights]
  return (
      f'Seeds {seeds}, tier {first.tier}, {first.training["steps"]} steps on'
      f' {first.instruction_set}; {same}.'
  )


def markdown(about: Mapping[str, Any], tests: Sequence[compare.Test]) -> str:
  """Returns the report for the pull request.

  Args:
    about: What was run, by whom and with what.
    tests: What became of each.

  Returns:
    Markdown.
  """
  lines = [
      f'## {about["technique"]}: {about["word"]}',
      '',
      (
          f'{about["party"] or "Nobody who signs"}, {about["when"]},'
          f' TFMOT {about["tfmot"]}, TensorFlow {about["tensorflow"]},'
          f' {about["runs"]}.'
      ),
      '',
      f'`{about["command"]}`',
  ]
  for test in tests:
    lines += ['', f'### {test.name}: {test.word}', '', _about(test), '']
    lines.append(markdown_lib.table(_HEADER, map(_cells, test.results)).strip())
  if about['missing']:
    lines += ['', 'Not run, since Bazel could not make their records:']
    lines += [f'* `{name}`: {why}' for name, why in about['missing'].items()]
  return '\n'.join([*lines, ''])


def _seeds(test: compare.Test) -> Any:
  """Draws each claim's share of its bound, a dot for each seed."""
  shown = [
      result
      for result in test.results
      if result.claim.at_most or result.claim.at_least
  ]
  figure, axes = figures.new((5.5, 0.8 + 0.35 * max(len(shown), 1)))
  panel = axes[0, 0]
  colours = {
      compare.REPRODUCED: '#2ca02c',
      compare.NOT_REPRODUCED: '#d62728',
      compare.INCONCLUSIVE: '#ff7f0e',
      compare.REPORTED: '#888888',
  }
  for place, result in enumerate(shown):
    bound = result.claim.at_most or result.claim.at_least
    shares = [value / bound for value in result.values]
    colour = colours[result.word]
    panel.plot(shares, [place] * len(shares), 'o', color=colour, ms=5)
    if result.before is not None:
      panel.plot([result.before / bound], [place], 'x', color='#444444', ms=7)
  panel.axvline(1, ls='--', color='#444444', lw=1)
  panel.set_yticks(range(len(shown)), [r.claim.id for r in shown], fontsize=8)
  panel.set_ylim(-0.6, max(len(shown), 1) - 0.4)
  panel.invert_yaxis()
  panel.set_xlabel('share of the bound (dots: seeds, crosses: contributor)')
  return figure


def _section(test: compare.Test) -> str:
  """Returns what the page shows of a test."""
  body = [
      [html.escape(cell) for cell in _cells(result)] for result in test.results
  ]
  kind = 'good' if test.word == compare.REPRODUCED else 'bad'
  figures = [page.image(_seeds(test), 'share of the bound by seed')]
  figures += [
      page.image(charts.path(result.verdict), 'seeds')
      for result in test.results
      if result.verdict.decision
  ]
  return '\n'.join([
      (
          f'<h2>{html.escape(test.name)}: <span'
          f' class="{kind}">{test.word}</span>'
          f'</h2><p>{html.escape(_about(test))}</p>'
      ),
      page.table(_HEADER, body),
      f'<div class="charts">{"".join(figures)}</div>',
  ])


def web(about: Mapping[str, Any], tests: Sequence[compare.Test]) -> str:
  """Returns the report as a page that needs no other file."""
  title = html.escape(f'{about["technique"]}: {about["word"]}')
  head = (
      '<!doctype html><html lang="en"><head><meta charset="utf-8">'
      f'<title>{title}</title><style>{page.STYLE}</style></head><body>'
      f'<h1>{title}</h1><p>{html.escape(str(about["party"]))},'
      f' {html.escape(about["when"])}, TFMOT {html.escape(about["tfmot"])},'
      f' TensorFlow {html.escape(about["tensorflow"])},'
      f' {html.escape(about["runs"])}.</p>'
      f'<p><code>{html.escape(about["command"])}</code></p>'
  )
  left = ''.join(
      f'<p class="bad">{html.escape(name)} was not run: {html.escape(why)}</p>'
      for name, why in about['missing'].items()
  )
  return '\n'.join([head, left, *map(_section, tests), '</body></html>\n'])


def write(
    folder: pathlib.Path,
    about: Mapping[str, Any],
    tests: Sequence[compare.Test],
) -> list[pathlib.Path]:
  """Writes the three files, all or none.

  Args:
    folder: Where to.
    about: What was run, by whom and with what.
    tests: What became of each.

  Returns:
    The paths.

  Raises:
    errors.InputError: The folder cannot be written.
  """
  machine = {**about, 'tests': [compare.as_dict(test) for test in tests]}
  texts = {
      'report.md': markdown(about, tests),
      'report.html': web(about, tests),
      'report.json': json.dumps(machine, indent=1) + '\n',
  }
  files.write_all(folder, texts)
  return [folder / name for name in texts]
