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

"""The release gate: may TFMOT release this?

    tools/nox -s release_gate -- --tfmot 0.8.1
    tools/nox -s release_gate -- --tfmot dist/tensorflow_model_optimization.whl
    tools/nox -s release_gate -- --tfmot /path/of/model-optimization@v0.9.0
    tools/nox -s release_gate -- --tfmot 0.8.1 --check

runs every convergence test of every technique on that TFMOT, each with as many
seeds as its claims ask for, and the test of resumed training, and leaves the
evidence bundle in --output. It ends with 0 only if all hold; each reason why
not is a line that names the thing and the mend. Known failures, and who has
reproduced what, are listed by name. `--check` runs nothing: it looks at a
bundle that was made earlier, as the release workflow does.

`--tier smoke` is a rehearsal in minutes: no release stands on it.
"""

import argparse
import dataclasses
import datetime
import pathlib
import re
import shutil
import sys
from typing import Any, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import verdict
from tools.env import bootstrap
from tools.env import environment
from tools.env import sources
from tools.evidence import audit
from tools.evidence import inputs
from tools.release import bundle as bundle_lib
from tools.release import refuse
from tools.suite import converge
from tools.suite import draw
from tools.suite import project
from tools.suite import suite

_CPU, _SMOKE = 'cpu', 'smoke'
_VERSION = re.compile(r'\d+(\.\d+)+\S*')


@dataclasses.dataclass(frozen=True)
class Gate:
  """What is asked of the gate.

  Attributes:
    root: The folder of the project.
    tfmot: `setting`, `version`, and `content`, the digest of the code of what
      is no release.
    tensorflow: The version of TensorFlow.
    tier: `cpu` or `smoke`.
    scope: The techniques.
    seeds: How many each test needs at least.
    output: The folder of the bundle.
  """

  root: pathlib.Path
  tfmot: dict[str, str]
  tensorflow: str
  tier: str
  scope: Sequence[str]
  seeds: int
  output: pathlib.Path


def candidate(setting: str) -> dict[str, str]:
  """Finds out what is to be released.

  Args:
    setting: A version, a wheel, a checkout or FOLDER@REF.

  Returns:
    `setting`, `version` and `content`: see `Gate`.

  Raises:
    errors.InputError: There is no such thing.
  """
  if sources.is_source(setting):
    path, ref = sources.split(setting)
    at = '' if ref is None else f'@{ref}'
    setting = f'{path.absolute()}{at}'
    version = sources.lock(setting).stem.rpartition('-')[2]
    content = sources.content_digest(sources.wheel(setting))
  else:
    lock = environment.lock_of('tfmot', setting).read_text(encoding='utf-8')
    locked = re.search(r'==(\S+)', lock)
    version, content = locked[1] if locked else setting, ''
  if not _VERSION.fullmatch(version):
    raise errors.InputError(
        f'--tfmot {setting} has no version: give a release, a wheel or a commit'
    )
  return {'setting': setting, 'version': version, 'content': content}


def _decided(
    gate: Gate, bazel: draw.Bazel, technique: str, test: str
) -> tuple[pairing.Shown, Sequence[judge.Verdict]]:
  """Draws and judges a test that Bazel has built."""
  label = draw.label_of(technique, test, gate.tier)
  if technique != project.BASELINES:
    found = converge.decide(bazel, label, gate.seeds)
    return found.shown, found.verdicts
  path = draw.made(gate.root, label + draw.RECORD)
  shown = pairing.Shown(runs=[record.read(path)])
  yaml = project.technique_yaml(gate.root, technique)
  declared = refuse.claims_lib.claims_of(str(yaml), test, gate.tier)
  return shown, judge.judge(declared, shown)


def _entry(
    gate: Gate,
    bazel: draw.Bazel,
    scratch: pathlib.Path,
    technique: str,
    test: str,
    ran: suite.Test | None,
) -> dict[str, Any]:
  """Returns what the bundle says of a test.

  Args:
    gate: What is asked.
    bazel: How to draw more seeds.
    scratch: Where to keep the records.
    technique: The folder of the test.
    test: Its name.
    ran: What came of it in the suite.

  Returns:
    The entry. Without claims where there is no run to judge.
  """
  entry = {
      'technique': technique,
      'test': test,
      'label': draw.label_of(technique, test, gate.tier),
      'status': ran.status if ran else suite.NOT_BUILT,
      'seconds': ran.seconds if ran else 0.0,
      'seeds': [],
      'records': {},
      'claims': [],
      'why': ran.why if ran else 'Bazel has no such target',
  }
  if ran is None or ran.status == suite.NOT_BUILT:
    return entry
  try:
    shown, verdicts = _decided(gate, bazel, technique, test)
  except errors.InputError as error:
    return {**entry, 'why': errors.one_line(error)}
  kept = bundle_lib.keep_records(scratch, technique, test, shown)
  versions = {
      'tensorflow': gate.tensorflow,
      'tfmot': gate.tfmot['content'] or gate.tfmot['version'],
  }
  stands_on = inputs.digest(gate.root, technique, test, versions, gate.tier)
  base = f'{bundle_lib.RECORDS}/{technique}/{test}.seed'
  seeds = [
      {
          'seed': run.seed,
          'record': kept[f'{base}{run.seed}.json'],
          'inputs': stands_on,
          'instruction_set': run.instruction_set,
      }
      for run in shown.runs
  ]
  claims = [bundle_lib.finite(verdict.as_dict(one)) for one in verdicts]
  return {**entry, 'seeds': seeds, 'records': kept, 'claims': claims}


def make(gate: Gate, program: str) -> dict[str, Any]:
  """Runs all tests and leaves the bundle.

  Args:
    gate: What is asked.
    program: Bazel.

  Returns:
    The bundle.

  Raises:
    errors.InputError: Bazel cannot run them, or the disk is full.
  """
  bundle_lib.check_free(gate.output)
  settings = {'tensorflow': gate.tensorflow, 'tfmot': gate.tfmot['setting']}
  options = tuple(suite.setting_options(settings))
  bazel = draw.Bazel(program, gate.root, options=options)
  tests = [
      (technique, test)
      for technique in gate.scope
      for test in refuse.tests_of(gate.root, technique, gate.tier)
  ]
  labels = [draw.label_of(*test, gate.tier) for test in tests]
  ran = suite.run(bazel, [*labels, refuse.RESUMED]).tests
  resumed = ran.get(refuse.RESUMED)
  scratch = bundle_lib.scratch_beside(gate.output)
  try:
    now = datetime.datetime.now(datetime.UTC)
    bundle = {
        'schema': bundle_lib.SCHEMA_VERSION,
        'tier': gate.tier,
        'scope': list(gate.scope),
        'tfmot': gate.tfmot,
        'tensorflow': gate.tensorflow,
        'mirror': inputs.mirror(gate.root),
        'when': now.strftime('%Y-%m-%dT%H:%M:%SZ'),
        'resumed': resumed.status if resumed else suite.NOT_BUILT,
        'tests': [
            _entry(
                gate,
                bazel,
                scratch,
                *test,
                ran.get(draw.label_of(*test, gate.tier)),
            )
            for test in tests
        ],
    }
    bundle |= _findings(gate, bundle, scratch)
    known = project.folders(gate.root)
    bundle_lib.publish(scratch, bundle, gate.output, known)
  finally:
    shutil.rmtree(scratch, ignore_errors=True)
  return bundle


def _findings(
    gate: Gate, bundle: dict[str, Any], folder: pathlib.Path
) -> dict[str, Any]:
  """Returns what is refused, the known failures and who has reproduced what."""
  refusals = refuse.of_bundle(gate.root, bundle, folder, gate.seeds)
  reproduced = []
  if gate.tier == _CPU and gate.tfmot['content']:
    reproduced = ['signatures are not asked for of what is no release yet']
  elif gate.tier == _CPU:
    signed = audit.check(gate.root, [gate.tfmot['version']])
    signed = [f for f in signed if f.technique in gate.scope]
    reproduced = audit.reproduced(signed)
    refusals += [f'signed: {finding}' for finding in signed if not finding.good]
  known = refuse.known_failures(gate.root, gate.scope, gate.tier)
  return {
      'refusals': refusals,
      'known_failures': known,
      'reproduced': reproduced,
  }


def check(gate: Gate) -> dict[str, Any]:
  """Looks again at a bundle that was made earlier.

  Args:
    gate: What is asked.

  Returns:
    The bundle, with the refusals of today.

  Raises:
    errors.InputError: There is no bundle, or it was edited.
  """
  bundle = bundle_lib.load(gate.output)
  tfmots = [
      f'{one["version"]} {one["content"]}'.strip()
      for one in (bundle['tfmot'], gate.tfmot)
  ]
  before = [
      f'stale: the bundle is of {what} {then}, not {now}'
      for what, then, now in (
          ('tier', bundle['tier'], gate.tier),
          ('TensorFlow', bundle['tensorflow'], gate.tensorflow),
          ('TFMOT', *tfmots),
      )
      if then != now
  ]
  before += [
      f'missing: the bundle has nothing of {technique}'
      for technique in gate.scope
      if technique not in bundle['scope']
  ]
  found = _findings(gate, bundle, gate.output)
  if bundle['refusals'] and not (before or found['refusals']):
    before.append('stale: the bundle was refused when it was made; run again')
  return {**bundle, **found, 'refusals': before + found['refusals']}


def _say(gate: Gate, bundle: dict[str, Any]) -> None:
  """Prints what the gate has come to."""
  for known in bundle['known_failures']:
    print(
        f'known failure: {known["claim"]} of {known["technique"]}:'
        f'{known["test"]}, {known["issue"]} ({known["owner"]}, until'
        f' {known["until"]})'
    )
  for line in bundle['reproduced']:
    print(line)
  for line in bundle['refusals']:
    print(f'refused: {line}')
  about = (
      f'TFMOT {bundle["tfmot"]["version"]} on TensorFlow'
      f' {bundle["tensorflow"]}, tier {bundle["tier"]},'
      f' {", ".join(bundle["scope"])}'
  )
  words = f'REFUSED, {len(bundle["refusals"])} reasons'
  if not bundle['refusals']:
    words = 'all claims hold'
    if gate.tier != _CPU or gate.scope != refuse.techniques(gate.root):
      words += '; a rehearsal, no release stands on it'
  print(f'release gate: {about}: {words}. {gate.output}')


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> int:
  """Judges a release of TFMOT.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Returns:
    0 if all hold, else 1.
  """
  parser = argparse.ArgumentParser(prog='release_gate', description=__doc__)
  parser.add_argument('--tfmot', required=True, help='version, wheel or ref')
  parser.add_argument('--tensorflow', help='by default the one in force')
  parser.add_argument('--tier', choices=[_CPU, _SMOKE], default=_CPU)
  parser.add_argument(
      '--technique', action='append', default=[], help='only this one'
  )
  parser.add_argument('--seeds', type=int, default=1, help='at least so many')
  parser.add_argument('--output', type=surroundings.path, help='of the bundle')
  parser.add_argument('--check', action='store_true', help='run nothing')
  flags = parser.parse_args(argv)
  most = draw.MOST_SEEDS[flags.tier]
  if not 1 <= flags.seeds <= most:
    raise errors.InputError(
        f'--seeds is {flags.seeds}: tier {flags.tier} has from 1 to {most}'
    )
  tfmot = candidate(flags.tfmot)
  name = f'tfmot-{tfmot["version"]}-{flags.tier}'
  gate = Gate(
      root=root,
      tfmot=tfmot,
      tensorflow=flags.tensorflow or environment.settings()['tensorflow'],
      tier=flags.tier,
      scope=refuse.techniques(root, flags.technique),
      seeds=flags.seeds,
      output=(flags.output or root / 'release' / name).absolute(),
  )
  bundle = check(gate) if flags.check else make(gate, bootstrap.bazel())
  _say(gate, bundle)
  return 1 if bundle['refusals'] else 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
