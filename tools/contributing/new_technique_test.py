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

"""Tests that a new technique is complete, or that nothing was written."""

import ast
import contextlib
import dataclasses
import io
import os
import pathlib
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized
import yaml

from tfmot_contrib import errors
from tfmot_contrib import techniques
from tfmot_contrib.convergence import claims
from tools.base import git
from tools.contributing import answers
from tools.contributing import codeowners
from tools.contributing import new_technique
from tools.contributing import small_project_testing as fixture
from tools.evidence import documents

_FILES = {
    'BUILD',
    'README.md',
    '__init__.py',
    'configs/int8.yaml',
    'configs/smoke.yaml',
    'evidence/SHA256SUMS',
    'experiments.py',
    'sharing.py',
    'sharing_test.py',
    'technique.yaml',
}


def _no_lint(root, paths):
  """The real one needs its tools; the command runs it each time."""
  del root, paths


class ScaffoldTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = fixture.project(
        pathlib.Path(self.create_tempdir().full_path) / 'tree'
    )
    self.before = fixture.digests(self.root)

  def make(self, **changes) -> list[str]:
    made = dataclasses.replace(fixture.ANSWERS, **changes)
    return new_technique.make(self.root, made, _no_lint)

  def command(self, *arguments) -> str:
    """Returns what the command says on standard error when it refuses."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as end:
      new_technique.main(arguments, self.root, _no_lint)
    self.assertEqual(end.exception.code, 2)
    self.assertEqual(fixture.digests(self.root), self.before)
    return said.getvalue()

  def test_touches_its_folder_and_the_list(self):
    git.configure(self.root)
    git.run(self.root, 'add', '-A', what='adding')
    git.run(self.root, 'commit', '-q', '-m', 'all', what='committing')
    made = documents.documents(self.root)
    owners = codeowners.text(self.root)
    self.assertEqual(
        self.make(), ['tfmot_contrib/sharing', 'tfmot_contrib/techniques.bzl']
    )
    status = git.run(self.root, 'status', '--porcelain', what='asking')
    self.assertEqual(
        status.stdout.decode().splitlines(),
        [' M tfmot_contrib/techniques.bzl', '?? tfmot_contrib/sharing/'],
    )
    listed = self.root / 'tfmot_contrib/techniques.bzl'
    names = techniques.parse(listed.read_text(encoding='utf-8'))
    self.assertEqual(names, sorted([*techniques.names(), 'sharing']))
    folder = self.root / 'tfmot_contrib/sharing'
    self.assertEqual(set(fixture.digests(folder)), _FILES)
    # What is made of all techniques is as it was.
    self.assertEqual(codeowners.text(self.root), owners)
    readme = folder / 'README.md'
    text = readme.read_text(encoding='utf-8')
    self.assertIn('no evidence yet', text)
    self.assertEqual(documents.documents(self.root), {**made, readme: text})

  @parameterized.product(
      training=answers.TRAININGS,
      names=[('a1', 'b'), ('weight_sharing_by_the_ro', 'sparsity_2_by_4')],
      models=[answers.MODELS[:1], answers.MODELS],
  )
  def test_all_files_are_well_formed(self, training, names, models):
    name, row = names
    made = dataclasses.replace(
        fixture.ANSWERS, name=name, row=row, models=models, training=training
    )
    folder = pathlib.Path(self.create_tempdir().full_path)
    for file, text in new_technique.render(
        new_technique.fields(made, '0.8.0')
    ).items():
      (folder / file).parent.mkdir(exist_ok=True)
      (folder / file).write_text(text, encoding='utf-8')
    for path in folder.rglob('*'):
      if not path.is_file():
        continue
      text = path.read_text(encoding='utf-8')
      self.assertNotRegex(text, r'\$\{|\$[a-z]', path.name)
      if path.suffix == '.py':
        ast.parse(text)
        self.assertStartsWith(text, '# Copyright')
      if path.suffix == '.yaml':
        yaml.safe_load(text)
    declared = claims.read_technique(str(folder / 'technique.yaml'))
    self.assertEqual(
        set(declared['claims']), {f'{model}_{row}' for model in models}
    )
    for test in declared['claims']:
      for tier in ('cpu', 'smoke'):
        found = claims.claims_of(str(folder / 'technique.yaml'), test, tier)
        self.assertGreaterEqual(len(found), 2)
    build = (folder / 'BUILD').read_text(encoding='utf-8')
    self.assertEqual('_control_' in build, training != 'none')
    self.assertIn(
        f'recipes.RECIPES[{training!r}]' if training != 'none' else 'steps=0',
        (folder / 'experiments.py').read_text('utf-8'),
    )

  @parameterized.parameters(
      ('pruning', 'pruning exists'),
      ('combine', 'combine exists'),
      ('techniques', 'techniques exists'),
      ('Sharing', 'no name for a technique'),
      ('weight-sharing', 'no name for a technique'),
      ('2by4', 'no name for a technique'),
      ('_x', 'no name for a technique'),
      ('a__b', 'no name for a technique'),
      ('../x', 'no name for a technique'),
      ('', 'no name for a technique'),
      ('class', 'word or module of Python'),
      ('json', 'word or module of Python'),
      ('my_smoke', 'ends in smoke'),
      ('my_seed3', 'ends in seed3'),
      ('sharing_test', 'ends in test'),
      ('a' * 25, 'at most 24'),
  )
  def test_bad_name(self, name, why):
    self.assertRegex(self.command(name, *fixture.FLAGS), why)

  @parameterized.parameters(
      (['--title=x'], "--title 'x': give one like"),
      (['--title=say """no"""; then'], '--title .*: give one like'),
      (['--owner=ann'], "--owner 'ann': give one like @user"),
      (['--guide=http://e.org'], '--guide .*: give one like https'),
      (['--api=keras.layers'], '--api .*: give one like tfmot'),
      (['--row=Int8'], '--row .*: give one like'),
      (['--row=a_run'], '--row a_run ends in run'),
      (['--training=long'], 'invalid choice'),
      (['--model=vgg'], 'invalid choice'),
  )
  def test_bad_flag(self, flags, why):
    self.assertRegex(self.command('sharing', *fixture.FLAGS, *flags), why)

  @parameterized.parameters('title', 'owner', 'guide', 'api')
  def test_flag_is_missing(self, flag):
    flags = [f for f in fixture.FLAGS if not f.startswith(f'--{flag}')]
    self.assertRegex(self.command('sharing', *flags), f'--{flag} is missing')

  def test_asks_a_person(self):
    said = iter(['Weight sharing ', '@ann', 'https://e.org', 'tf.lite.a tf.b'])
    flags = answers.parser().parse_args(['sharing'])
    found = answers.of(flags, self.root, lambda question: next(said))
    self.assertEqual(found.title, 'Weight sharing')
    self.assertEqual(found.api, ('tf.lite.a', 'tf.b'))

  def test_registered_name(self):
    path = self.root / 'tfmot_contrib/quantization/experiments.py'
    path.write_text("register('sharing', 1)\n", encoding='utf-8')
    self.before = fixture.digests(self.root)
    self.assertRegex(self.command('sharing', *fixture.FLAGS), 'exists')

  @parameterized.parameters(
      ('tfmot_contrib/techniques.bzl', 'TECHN', 'T', 'no list TECHNIQUES'),
      ('tfmot_contrib/techniques.bzl', '    "pru', ' "pru', 'one name a line'),
      ('tfmot_contrib/pruning/technique.yaml', 'owners', 'owner', 'technique'),
  )
  def test_tree_that_changed(self, name, old, new, why):
    path = self.root / name
    text = path.read_text(encoding='utf-8')
    path.write_text(text.replace(old, new), encoding='utf-8')
    self.before = fixture.digests(self.root)
    self.assertRegex(self.command('sharing', *fixture.FLAGS), why)

  def test_lint_that_finds_something(self):
    def refuse(root, paths):
      self.assertIn('tfmot_contrib/sharing', paths)
      self.assertTrue((root / '.git').is_dir())
      raise errors.InputError('not clean')

    with self.assertRaisesRegex(errors.InputError, 'not clean'):
      new_technique.make(self.root, fixture.ANSWERS, refuse)
    self.assertEqual(fixture.digests(self.root), self.before)

  def test_disk_that_fails_halfway(self):
    replace = os.replace

    def full(source, target):
      if pathlib.Path(target) == self.root / techniques.PATH:
        raise OSError(28, 'No space left on device', str(target))
      replace(source, target)

    with mock.patch.object(os, 'replace', full):
      said = self.command('sharing', *fixture.FLAGS)
    self.assertRegex(said, 'No space left on device; nothing was changed')
    self.assertFalse((self.root / 'tfmot_contrib/sharing').exists())

  def test_twice(self):
    self.make()
    self.before = fixture.digests(self.root)
    self.assertRegex(self.command('sharing', *fixture.FLAGS), 'exists')


if __name__ == '__main__':
  absltest.main()
