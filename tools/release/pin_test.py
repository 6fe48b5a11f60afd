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

"""Tests that a bad pin is refused with one line and changes nothing.

The package index, the mirror and the smoke tests, which need a network or
minutes, are stood in for here.
"""

import contextlib
import io
import os
import pathlib
import shutil
import tempfile
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized
import yaml

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.base import git
from tools.env import bootstrap
from tools.env import index
from tools.env import releases
from tools.evidence import audit
from tools.evidence import project_testing
from tools.evidence import signatures
from tools.release import pin
from tools.release import places
from tools.release import symbols
from tools.suite import suite

_SMOKE = f'//tfmot_contrib/net:{project_testing.TEST}_smoke'
_MAIN = f'tfmot_contrib/net/evidence/signed/{project_testing.TEST}/tfmot-'


def _edit(name, old, new):
  """Returns what edits a file."""

  def edit(root):
    path = root / name
    text = path.read_text(encoding='utf-8')
    assert old in text, (name, old)
    path.write_text(text.replace(old, new), encoding='utf-8')

  return edit


def _put(name, text):
  return lambda root: project_testing.put(root, {name: text})


def _remove(name):
  return lambda root: (root / name).unlink()


def _sign(**changes):
  """Returns what signs anew, with changes, for the test of `net`."""

  def sign(root):
    wanted = {'party': 'Bob', 'role': 'second_party', **changes}
    signatures.write(root, project_testing.signed(root, **wanted))

  return sign


def _bad_verdict(word, **changes):
  first, *rest = project_testing.VERDICTS
  return _sign(verdicts=[{**first, 'verdict': word, **changes}, *rest])


def _known_failure(until):
  """Returns what makes a claim a known failure, and signs that it is one."""

  def declare(root):
    path = root / 'tfmot_contrib/net/technique.yaml'
    said = yaml.safe_load(path.read_text(encoding='utf-8'))
    (claim,) = said['claims'][project_testing.TEST]
    claim['at_least'] = 11
    claim['known_failure'] = {
        'issue': 'https://github.com/tensorflow/model-optimization/issues/1',
        'owner': '@ada',
        'until': until,
    }
    path.write_text(yaml.safe_dump(said), encoding='utf-8')
    first, *rest = project_testing.VERDICTS
    known = {**first, 'bound': '>= 11', 'verdict': 'known failure'}
    for tfmot in ('0.8.0', '0.8.1'):
      for party, role in (('Ada', 'contributor'), ('Bob', 'second_party')):
        _sign(tfmot=tfmot, party=party, role=role, verdicts=[known, *rest])(
            root
        )

  return declare


# What is done to a good tree and committed, the arguments, and the line.
_BAD = {
    'unknown': (None, ['0.9.0'], 'there is no release 0.9.0 .* newest are'),
    'yanked': (None, ['0.8.2'], '0.8.2 was yanked by its makers'),
    'nothing': (None, [], 'give a version'),
    'lower': (None, ['0.7.5'], 'lower than the floor, 0.8.0: say so with'),
    'lower_without_reason': (None, ['0.7.5', '--lower'], 'takes a --reason'),
    'not_lower': (
        None,
        ['0.8.1', '--lower', '--reason=why'],
        'is not lower than the floor',
    ),
    'lower_than_our_symbols': (
        None,
        ['0.7.5', '--lower', '--reason=why'],
        (
            'TFMOT 0.7.5 lacks 1 of the 2 symbols in use, such as'
            ' tensorflow_model_optimization.sparsity.keras.new, used in'
            ' tfmot_contrib/net/uses.py:2: take'
        ),
    ),
    'no_contributor': (
        _remove(f'{_MAIN}0.8.1.contributor.json'),
        ['0.8.1'],
        '1 of 6 .* make it: tools/nox -s pin_tfmot -- 0.8.1 --sign net_cif',
    ),
    'stale_code': (
        _put('tfmot_contrib/net/code.py', 'x = 2\n'),
        ['0.8.1'],
        'stale: code, config or versions behind its runs',
    ),
    'stricter_claim': (
        _edit(
            'tfmot_contrib/net/technique.yaml', 'at_least: 1', 'at_least: 11'
        ),
        ['0.8.1'],
        'steps is 10, not >= 11, yet passes',
    ),
    'stale_tensorflow': (
        _edit(
            'pyproject.toml', 'tensorflow = "2.20.0"', 'tensorflow = "2.21.0"'
        ),
        ['0.8.1'],
        'stale: it is of TensorFlow 2.20.0, the project has 2.21.0',
    ),
    'stale_mirror': (
        _edit('official/upstream.lock', 'c' * 64, 'd' * 64),
        ['0.8.1'],
        'stale: it is of another mirror',
    ),
    'one_party': (
        _sign(party=' ada '),
        ['0.8.1'],
        'second party is the contrib',
    ),
    'copied_run': (
        lambda root: _sign(records=[_record(root)])(root),
        ['0.8.1'],
        'has signed a run of the contributor',
    ),
    'failed_claim': (_bad_verdict('FAIL'), ['0.8.1'], r'steps is 10 .*: FAIL'),
    'known_failure_of_the_past': (
        _known_failure('2020-01-02'),
        ['0.8.1'],
        'steps was a known failure until 2020-01-02: mend it',
    ),
    'pass_that_is_none': (
        _bad_verdict('pass', measured=0),
        ['0.8.1'],
        'steps is 0, not >= 1, yet passes',
    ),
    'claim_left_out': (
        _sign(verdicts=project_testing.VERDICTS[:1]),
        ['0.8.1'],
        'says nothing of the claim exported_as_trained',
    ),
    'broken_history': (
        _put('tools/release/history.json', '[{}]'),
        ['0.8.1'],
        'history.json is broken',
    ),
    'no_truth': (_put('pyproject.toml', ''), ['0.8.1'], 'does not name tfmot'),
    'floor_above_newest': (
        _edit('pyproject.toml', 'tfmot = "0.8.0"', 'tfmot = "0.9.0"'),
        ['0.8.1'],
        'the floor 0.9.0 is above the newest TFMOT',
    ),
    'main_that_claims_nothing': (
        _edit(
            'tfmot_contrib/net/technique.yaml', 'main: [', 'main: [nothing, '
        ),
        ['0.8.1'],
        'main names nothing, which claims nothing',
    ),
    'two_modes': (None, ['--check', '--dry-run'], 'do not go together'),
    'party_alone': (None, ['0.8.1', '--party=Ada'], 'go with --sign'),
    'sign_without_party': (None, ['0.8.1', '--sign'], 'takes --party NAME'),
    'sign_something_else': (
        None,
        ['0.8.1', '--sign', 'x', '--party=Ada', '--role=contributor'],
        'x is no main test: there are net_cifar10_half',
    ),
}


def _record(root):
  """Writes the run that the contributor has signed, and returns its path."""
  path = root.parent / 'cpu.json'
  run = project_testing.run('0.8.1', keras={'accuracy': 0.8})
  record.write(run, path)
  return path


class PinTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    top = tempfile.TemporaryDirectory()
    cls.addClassCleanup(top.cleanup)
    cls.good = pathlib.Path(top.name) / 'project'
    project_testing.project(cls.good)
    project_testing.sign_all(cls.good, ['0.8.0', '0.8.1'])
    git.configure(cls.good)
    git.run(cls.good, 'add', '-A', what='adding')
    git.run(cls.good, 'commit', '-qm', 'x', what='committing')

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path) / 'project'
    shutil.copytree(self.good, self.root)
    self.fails = {'0.7.5', '0.8.0'}
    self.released = ['0.7.5', '0.8.0', '0.8.1']
    self.asked = []
    self.wheels = self.root.parent / 'wheels'
    for release in self.released:
      names = ['old'] + ['new'] * (release > '0.7.5')
      text = ''.join(f'def {name}(): pass\n' for name in names)
      project_testing.put(
          self.wheels / release / releases.MODULE,
          {
              '__init__.py': '',
              'sparsity/__init__.py': '',
              'sparsity/keras.py': text,
          },
      )
    official = self.root.parent / 'official'
    text = f'import {releases.MODULE} as t\nt.sparsity.keras.old\n'
    project_testing.put(official, {'core.py': text})
    for where, name, stand_in in (
        (index, 'available', lambda *_: self.released),
        (index, 'is_yanked', self.yanked),
        (index, 'resolve', lambda *_, **__: '0.8.1'),
        (releases, 'load', lambda v: releases.Release(self.wheels / v)),
        (index, 'wheel', lambda _, v: self.wheels / f'{v}.whl'),
        (symbols.fork, 'packages', lambda root: {'official': official}),
        (suite, 'run', self.smoke_tests),
        (bootstrap, 'bazel', lambda: 'bazel'),
    ):
      self.enterContext(mock.patch.object(where, name, stand_in))

  def yanked(self, _, version):
    if version not in [*self.released, '0.8.2']:
      raise errors.InputError('no solution found')
    return version == '0.8.2'

  def smoke_tests(self, bazel, labels, options):
    self.asked.append((labels, options))
    release = options[0].rpartition('/')[2].removesuffix('.whl')
    status = 'FAILED' if release in self.fails else suite.PASSED
    tests = {
        label: suite.Test(
            label,
            status,
            log='line 3\nImportError: no x (/a/b/lib/site-packages/x.py)\n',
        )
        for label in labels
    }
    return suite.Outcome(tests, {}, 1.0)

  def commit(self):
    git.run(self.root, 'add', '-A', what='adding')
    ok = (0, 1)
    git.run(self.root, 'commit', '-qm', 'x', what='committing', ok=ok)

  def run_it(self, *argv):
    """Returns the exit code, standard output and standard error."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
      try:
        pin.main(list(argv), self.root)
      except SystemExit as error:
        code = error.code
    return code, out.getvalue(), err.getvalue()

  def assert_refused(self, argv, message):
    before = project_testing.tree(self.root)
    code, _, err = self.run_it(*argv)
    self.assertEqual(code, 2)
    self.assertRegex(err, message)
    self.assertEqual(err.count('\n'), 1, err)
    self.assertEqual(project_testing.tree(self.root), before)

  @parameterized.named_parameters((name, *row) for name, row in _BAD.items())
  def test_refused(self, change, argv, message):
    if change:
      change(self.root)
      self.commit()
    self.assert_refused(argv, message)

  def test_edited_tree(self):
    project_testing.put(self.root, {'README.md': 'edited\n'})
    self.assert_refused(['0.8.1'], '1 files have changes .* README.md: commit')

  def test_what_was_signed_just_now_keeps_nobody_from_signing(self):
    project_testing.sign_all(self.root, ['0.8.2'])
    pin.refuse_dirty(self.root, beside='/evidence/signed/')
    with self.assertRaisesRegex(errors.InputError, 'are not committed'):
      pin.refuse_dirty(self.root)
    project_testing.put(self.root, {'tfmot_contrib/net/code.py': 'x = 3\n'})
    with self.assertRaisesRegex(errors.InputError, 'net/code.py'):
      pin.refuse_dirty(self.root, beside='/evidence/signed/')

  def test_no_repository(self):
    (self.root / '.git').rename(self.root.parent / 'gone')
    self.assert_refused(['0.8.1'], 'asking git for changes failed')

  def test_not_needed(self):
    self.fails.remove('0.8.0')
    self.assert_refused(['0.8.1'], 'bump is not needed: TFMOT 0.8.0 passes the')
    code, _, err = self.run_it('0.8.1', '--reason=A fault of 0.8.0.')
    self.assertEqual((code, err), (0, ''))

  def test_clash(self):
    with mock.patch.object(index, 'resolve') as resolve:
      resolve.side_effect = errors.InputError('resolving failed')
      self.assert_refused(['0.8.1'], '^error: resolving failed$')

  def test_a_rename_fails(self):
    rename, calls = os.replace, []

    def replace(source, target):
      calls.append(target)
      if len(calls) == 4:
        raise OSError(28, 'No space left on device', str(source))
      rename(source, target)

    with mock.patch.object(os, 'replace', replace):
      self.assert_refused(['0.8.1'], 'No space left .* nothing was changed')
    self.assertLen(calls, 4)

  def test_pinned(self):
    code, out, err = self.run_it('0.8.1')
    self.assertEqual((code, err), (0, ''))
    self.assertIn('6 of 6 pieces are there and good, 0 are asked for', out)
    self.assertIn(
        f'{project_testing.TEST} TFMOT 0.8.1: reproduced by: Bob', out
    )
    told = f'TFMOT 0.8.0 fails {_SMOKE}: ImportError: no x (x.py)'
    self.assertIn(f'the release before: {told}', out)
    ((labels, options),) = self.asked
    self.assertLen(labels, 4)
    self.assertContainsSubset(
        [_SMOKE, _SMOKE.replace('/net:', '/other:')], labels
    )
    self.assertIn('--repo_env=TFMOT_CLASHES=ignore', options)
    self.assertEqual(
        places.truth(self.root), {'floor': '0.8.1', 'latest': '0.8.1'}
    )
    text = (self.root / 'README.md').read_text(encoding='utf-8')
    self.assertIn('--repo_env=TFMOT=0.8.1 //', text)
    text = (self.root / 'docs/guide.md').read_text(encoding='utf-8')
    self.assertEqual(text, 'The floor is TFMOT 0.8.1.\n')
    (entry,) = pin.history(self.root)
    self.assertEqual((entry['from'], entry['before']), ('0.8.0', told))
    # Evidence is as fresh as before, and everything agrees.
    findings = audit.check(self.root, ['0.8.1'])
    self.assertTrue(all(f.good for f in findings), audit.told(findings))
    self.assertEqual(self.run_it('--check', '0.8.1')[0], 0)

  def test_pinned_lower_again(self):
    self.run_it('0.8.1')
    self.commit()
    self.assert_refused(['0.8.0'], 'lower than the floor')
    code, _, err = self.run_it('0.8.0', '--lower', '--reason=A fault of 0.8.1.')
    self.assertEqual((code, err), (0, ''))
    self.assertEqual(places.truth(self.root)['floor'], '0.8.0')
    last = pin.history(self.root)[-1]
    self.assertEqual(
        (last['to'], last['reason']), ('0.8.0', 'A fault of 0.8.1.')
    )

  def test_dry_run(self):
    before = project_testing.tree(self.root)
    code, out, err = self.run_it('0.8.1', '--dry-run')
    self.assertEqual((code, err), (0, ''))
    self.assertIn('+floor = { tfmot = "0.8.1" }', out)
    self.assertEqual(project_testing.tree(self.root), before)

  def test_nobody_else_has_reproduced_it_yet(self):
    _remove(f'{_MAIN}0.8.1.second_party.json')(self.root)
    self.commit()
    code, out, err = self.run_it('0.8.1')
    self.assertEqual((code, err), (0, ''))
    told = f'net/{project_testing.TEST} TFMOT 0.8.1: reproduced by: nobody yet'
    self.assertIn(told, out)
    self.assertIn(told, pin.history(self.root)[0]['reproduced'])


if __name__ == '__main__':
  absltest.main()
