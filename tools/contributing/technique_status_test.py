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

"""Tests that the status sees what each step leaves behind, and what not."""

import contextlib
import io
import pathlib
import shutil
import tempfile

from absl.testing import absltest

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tools.contributing import new_technique
from tools.contributing import small_project_testing as fixture
from tools.contributing import technique_status as status
from tools.env import environment
from tools.evidence import inputs
from tools.evidence import signatures

_MIRROR = f'[digests]\npatched = "{"a" * 64}"\n'
_BASELINES = """\
[
    convergence_test(
        name = name,
        experiment = name,
        module = "tfmot_contrib.baselines.experiments",
    )
    for name in ("mobilenet_v2_cifar10", "resnet_cifar10")
]
"""


class StatusTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    """Makes a project with a new technique, which takes seconds, once."""
    super().setUpClass()
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.made = fixture.project(pathlib.Path(folder.name) / 'tree')
    locks = cls.made / 'tools/env/locks'
    locks.mkdir(parents=True)
    build = cls.made / 'tfmot_contrib/baselines/BUILD'
    for path, text in (
        (locks / 'tfmot-0.8.0.txt', ''),
        (cls.made / 'official/upstream.lock', _MIRROR),
        (build, _BASELINES),
    ):
      path.parent.mkdir(exist_ok=True)
      path.write_text(text, encoding='utf-8')
    new_technique.make(cls.made, fixture.ANSWERS, lambda root, paths: None)

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path) / 'tree'
    shutil.copytree(self.made, self.root)

  def done(self, name: str) -> list[bool]:
    return [step.done for step in status.steps(self.root, name)]

  def new(self) -> pathlib.Path:
    """Returns the folder of the new technique."""
    return self.root / 'tfmot_contrib/sharing'

  def replace(self, path: pathlib.Path, old: str, new: str) -> None:
    text = path.read_text(encoding='utf-8')
    self.assertIn(old, text)
    path.write_text(text.replace(old, new), encoding='utf-8')

  def sign(self, folder: pathlib.Path, role: str, word: str = 'pass') -> None:
    """Signs evidence for both tests of the new technique."""
    table = environment.table(self.root / 'pyproject.toml')
    versions = {'tensorflow': table['tensorflow'], 'tfmot': '0.8.0'}
    declared = str(folder / 'technique.yaml')
    for test in ('mobilenet_v2_cifar10_int8', 'resnet_cifar10_int8'):
      stood_on = inputs.digest(self.root, folder.name, test, versions)
      party, digit = {
          signatures.CONTRIBUTOR: ('Ada', 'b'),
          signatures.SECOND_PARTY: ('Bob', 'c'),
      }[role]
      made = signatures.seal({
          'schema': signatures.SCHEMA_VERSION,
          'technique': folder.name,
          'test': test,
          **versions,
          'mirror': 'a' * 64,
          'party': party,
          'role': role,
          'when': '2026-11-28T00:00:00Z',
          'tier': 'cpu',
          'seeds': [{'seed': 1, 'record': digit * 64, 'inputs': stood_on}],
          'claims': [
              {
                  'id': claim.id,
                  'kind': 'accuracy',
                  'measured': (
                      claim.at_least if claim.at_most is None else claim.at_most
                  ),
                  'bound': 'of then',
                  'verdict': word,
              }
              for claim in claims.claims_of(declared, test, 'cpu')
          ],
      })
      signatures.write(self.root, made)

  def test_new_technique(self):
    self.new()
    found = status.steps(self.root, 'sharing')
    self.assertEqual(
        [step.done for step in found],
        [False, False, False, False, True, False, False],
    )
    text = status.text('sharing', found)
    self.assertIn('sharing: 1 of 7 steps', text)
    self.assertIn('sharing.py:', text)
    self.assertIn('no evidence of resnet_cifar10_int8', text)
    self.assertIn('next: open an issue with the form', text)

  def test_decision(self):
    readme = self.new() / 'README.md'
    self.assertFalse(self.done('sharing')[0])
    self.replace(readme, 'criterion TODO(owner)', 'criterion 3')
    self.assertFalse(self.done('sharing')[0])
    self.replace(readme, 'decided in TODO(owner)', 'decided in #12')
    self.assertTrue(self.done('sharing')[0])
    self.replace(readme, 'Placement:', 'Somewhere:')
    self.assertFalse(self.done('sharing')[0])
    self.assertTrue(self.done('pruning')[0])  # By the table of docs.

  def test_todos(self):
    folder = self.new()
    for path in folder.rglob('*'):
      if path.is_file():
        text = path.read_text(encoding='utf-8').replace('TODO', 'done')
        path.write_text(text, encoding='utf-8')
    self.assertTrue(self.done('sharing')[1])
    listed = self.root / 'tfmot_contrib/techniques.bzl'
    self.replace(listed, '"sharing"', '"other"')
    left = status.steps(self.root, 'sharing')[1].left
    self.assertIn('tfmot_contrib/techniques.bzl', left[0])

  def test_second_party(self):
    folder = self.new()
    self.sign(folder, signatures.CONTRIBUTOR)
    self.assertEqual(self.done('sharing')[3:6], [False, True, False])
    self.sign(folder, signatures.SECOND_PARTY, 'FAIL')
    self.assertEqual(self.done('sharing')[3:6], [False, True, False])
    self.sign(folder, signatures.SECOND_PARTY)
    self.assertEqual(self.done('sharing')[3:6], [True, True, True])
    # A comment decides no number, so what was signed still stands.
    with open(folder / 'experiments.py', 'a', encoding='utf-8') as stream:
      stream.write('# Changed.\n')
    self.assertEqual(self.done('sharing')[3:6], [True, True, True])
    with open(folder / 'experiments.py', 'a', encoding='utf-8') as stream:
      stream.write('CHANGED = True\n')
    found = status.steps(self.root, 'sharing')
    self.assertEqual([s.done for s in found[3:6]], [False, True, False])
    test = 'mobilenet_v2_cifar10_int8 at TFMOT 0.8.0'
    for step in (found[3], found[5]):
      self.assertIn(f'{test}, second_party: stale: code', ' '.join(step.left))

  def test_takes_nothing_from_tfmot(self):
    self.assertTrue(self.done('post_training')[5])

  def test_evidence_of_this_project(self):
    path = self.root / 'tfmot_contrib/post_training/evidence'
    gone = 'no evidence of resnet_cifar10_int8'
    self.assertNotIn(gone, status.steps(self.root, 'post_training')[2].left)
    (path / 'resnet_cifar10_int8.json').unlink()
    step = status.steps(self.root, 'post_training')[2]
    self.assertIn(gone, step.left)
    self.assertRegex(step.command, '--collect --only .*resnet_cifar10_int8')

  def test_release(self):
    folder = self.new()
    self.replace(folder / 'technique.yaml', 'floor: 0.8.0', 'floor: 9.0.0')
    found = status.steps(self.root, 'sharing')
    self.assertIn('TFMOT 9.0.0 has no lock yet', found[4].left)
    self.assertIn('below its floor', ' '.join(found[6].left))

  def test_owners(self):
    wrong = '.github/CODEOWNERS does not name its owners'
    self.assertIn(wrong, status.steps(self.root, 'sharing')[6].left)
    self.assertNotIn(wrong, status.steps(self.root, 'post_training')[6].left)
    path = self.root / 'tfmot_contrib/post_training/technique.yaml'
    self.replace(path, 'owners:\n', 'owners:\n  - "@bob"\n')
    self.assertIn(wrong, status.steps(self.root, 'post_training')[6].left)

  def test_no_such_technique(self):
    with self.assertRaisesRegex(errors.InputError, 'no technique prunning'):
      status.steps(self.root, 'prunning')

  def test_command(self):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
      status.main(['pruning'], self.root)
    self.assertRegex(out.getvalue(), r'pruning: \d of 7 steps')


if __name__ == '__main__':
  absltest.main()
