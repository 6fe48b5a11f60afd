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

"""Says of each claim whether fresh runs have reproduced it, and reports that.

`reproduced` is what every seed shows, or what the sequential test has decided;
`not reproduced` what no seed shows; `inconclusive` what some seeds show and
some do not, or what the sequential test has not decided yet. A known failure is
reproduced when it fails. What depends on the machine is `reported`.
"""

import html
import json
import pathlib
from typing import Any, Mapping, NamedTuple, Sequence

from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import sequential
from tools.base import figures
from tools.base import files
from tools.base import markdown as markdown_lib
from tools.evidence import page
from tools.evidence import plots
from tools.evidence import rows

REPRODUCED = 'reproduced'
NOT_REPRODUCED = 'not reproduced'
INCONCLUSIVE = 'inconclusive'
REPORTED = 'reported'
_HEADER = (
    'claim',
    'documented',
    'contributor',
    'measured',
    'bound',
    'result',
)
_COLOURS = {
    REPRODUCED: '#2ca02c',
    NOT_REPRODUCED: '#d62728',
    INCONCLUSIVE: '#ff7f0e',
    REPORTED: '#888888',
}


class Test(NamedTuple):
  """A convergence test that was run anew.

  Attributes:
    told: For machines: what was run, and what became of each claim.
    verdicts: On the claims, in the same order.
  """

  told: dict[str, Any]
  verdicts: Sequence[judge.Verdict]


def worst(words: Sequence[str]) -> str:
  """Returns one word for several."""
  for word in (NOT_REPRODUCED, INCONCLUSIVE):
    if word in words:
      return word
  return REPRODUCED if REPRODUCED in words else INCONCLUSIVE


def _word(verdict: judge.Verdict, values: Sequence[float]) -> str:
  """Returns what became of a claim."""
  claim = verdict.claim
  if claim.reported:
    return REPORTED
  tested = verdict.decision and not verdict.same
  if tested and verdict.decision.word == sequential.UNDECIDED:
    return INCONCLUSIVE
  if verdict.good:
    return REPRODUCED
  exact = not tested and not claim.known_failure
  some = exact and any(claim.holds(value) for value in values)
  return INCONCLUSIVE if some else NOT_REPRODUCED


def compare(
    name: str,
    label: str,
    shown: pairing.Shown,
    verdicts: Sequence[judge.Verdict],
    before: rows.Row | None,
) -> Test:
  """Compares fresh runs with the claims, and with the contributor's.

  Args:
    name: Of the convergence test.
    label: Of Bazel.
    shown: The fresh records.
    verdicts: On the claims.
    before: What the contributor's committed record shows, if there is one.

  Returns:
    What became of each claim.
  """
  first = shown.runs[0]
  controls = shown.controls or [None] * len(shown.runs)
  contributor = (
      {v.claim.id: v.measured for v in before.verdicts} if before else {}
  )
  found = []
  for verdict in verdicts:
    claim, values = verdict.claim, [verdict.measured]
    if claim.kind:  # Else it is of the reference, and of all seeds together.
      values = [
          claim.measure(run, shown.baseline, control)
          for run, control in zip(shown.runs, controls, strict=True)
      ]
    found.append({
        'id': claim.id,
        'kind': ', '.join(verdict.kinds),
        'documented': claim.documented,
        'source': claim.source,
        'bound': verdict.bound,
        'contributor': contributor.get(claim.id),
        'measured': verdict.measured,
        'seeds': values,
        'verdict': verdict.word,
        'word': _word(verdict, values),
    })
  told = {
      'test': name,
      'label': label,
      'word': worst([claim['word'] for claim in found]),
      'tier': first.tier,
      'steps': first.training['steps'],
      'seeds': [run.seed for run in shown.runs],
      'weights': [run.weights for run in shown.runs],
      'same_weights_as_the_contributor': (
          before and first.weights == before.run.weights
      ),
      'versions': first.versions,
      'instruction_set': first.instruction_set,
      'claims': found,
  }
  return Test(told, verdicts)


def _cells(claim: Mapping[str, Any]) -> list[str]:
  """Returns the cells of a claim as text."""
  before = claim['contributor']
  measured = dict.fromkeys(f'{value:.4g}' for value in claim['seeds'])
  return [
      claim['id'],
      claim['documented'],
      '-' if before is None else f'{before:.4g}',
      ', '.join(measured),
      claim['bound'],
      claim['word'],
  ]


def _about(test: Mapping[str, Any]) -> str:
  """Returns what the numbers of a test stand on, in a sentence."""
  same = {
      None: 'there is no record of the contributor to compare with',
      True: 'seed 1 has the weights of the contributor to the last bit',
      False: 'seed 1 has other weights than that of the contributor',
  }[test['same_weights_as_the_contributor']]
  return (
      f'Seeds {", ".join(map(str, test["seeds"]))}, tier {test["tier"]},'
      f' {test["steps"]} steps on {test["instruction_set"]}; {same}.'
  )


def _who(about: Mapping[str, Any]) -> str:
  """Returns who has run what, in a sentence."""
  return (
      f'{about["party"] or "Nobody who signs"}, {about["when"]},'
      f' TFMOT {about["tfmot"]}, TensorFlow {about["tensorflow"]},'
      f' {about["runs"]}.'
  )


def markdown(about: Mapping[str, Any], tests: Sequence[Test]) -> str:
  """Returns the report for the pull request.

  Args:
    about: What was run, by whom and with what.
    tests: What became of each.

  Returns:
    Markdown.
  """
  lines = [f'## {about["technique"]}: {about["word"]}', '', _who(about), '']
  lines.append(f'`{about["command"]}`')
  for test, _ in tests:
    lines += ['', f'### {test["test"]}: {test["word"]}', '', _about(test), '']
    cells = map(_cells, test['claims'])
    lines.append(markdown_lib.table(_HEADER, cells).strip())
  if about['missing']:
    lines += ['', 'Not run, since Bazel could not make their records:']
    lines += [f'* `{name}`: {why}' for name, why in about['missing'].items()]
  return '\n'.join([*lines, ''])


def _seeds(test: Test) -> Any:
  """Draws each claim's share of its bound, a dot for each seed."""
  bounds = [v.claim.at_most or v.claim.at_least for v in test.verdicts]
  shown = [
      (claim, bound)
      for claim, bound in zip(test.told['claims'], bounds, strict=True)
      if bound
  ]
  figure, ((axes,),) = figures.new((5.5, 0.8 + 0.35 * max(len(shown), 1)))
  for place, (claim, bound) in enumerate(shown):
    shares = [value / bound for value in claim['seeds']]
    colour = _COLOURS[claim['word']]
    axes.plot(shares, [place] * len(shares), 'o', color=colour, ms=5)
    if (before := claim['contributor']) is not None:
      axes.plot([before / bound], [place], 'x', color='#444444', ms=7)
  axes.axvline(1, ls='--', color='#444444', lw=1)
  names = [claim['id'] for claim, _ in shown]
  axes.set_yticks(range(len(shown)), names, fontsize=8)
  axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
  axes.set_xlabel('share of the bound (dots: seeds, crosses: contributor)')
  return figure


def _section(test: Test) -> str:
  """Returns what the page shows of a test."""
  told = test.told
  body = [map(html.escape, _cells(claim)) for claim in told['claims']]
  kind = 'good' if told['word'] == REPRODUCED else 'bad'
  images = [page.image(_seeds(test), 'share of the bound by seed')]
  images += [
      page.image(plots.path(verdict), 'seeds')
      for verdict in test.verdicts
      if verdict.decision
  ]
  return '\n'.join([
      f'<h2>{told["test"]}: <span class="{kind}">{told["word"]}</span></h2>',
      f'<p>{html.escape(_about(told))}</p>',
      page.table(_HEADER, body),
      f'<div class="charts">{"".join(images)}</div>',
  ])


def web(about: Mapping[str, Any], tests: Sequence[Test]) -> str:
  """Returns the report as a page that needs no other file."""
  return page.document(
      f'{about["technique"]}: {about["word"]}',
      [
          f'<p>{html.escape(_who(about))}</p>',
          f'<p><code>{html.escape(about["command"])}</code></p>',
          *(
              f'<p class="bad">{name} was not run: {html.escape(why)}</p>'
              for name, why in about['missing'].items()
          ),
          *map(_section, tests),
      ],
  )


def write(
    folder: pathlib.Path, about: Mapping[str, Any], tests: Sequence[Test]
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
  machine = {**about, 'tests': [test.told for test in tests]}
  texts = {
      'report.md': markdown(about, tests),
      'report.html': web(about, tests),
      'report.json': json.dumps(machine, indent=1) + '\n',
  }
  files.write_all(folder, texts)
  return [folder / name for name in texts]
