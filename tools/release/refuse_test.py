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

"""Tests of what the gate refuses, each on a bundle that was good before."""

import dataclasses
import json
import pathlib
import shutil
import tempfile
from typing import Any, Callable

from absl.testing import absltest

from tfmot_contrib import errors
from tools.evidence import signatures
from tools.release import bundle as bundle_lib
from tools.release import gate
from tools.release import refuse
from tools.release import testing
from tools.suite import bazel_testing

_WHERE = f'pruning:{testing.TEST}'


class RefuseTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.template = pathlib.Path(tempfile.mkdtemp())
    cls.addClassCleanup(shutil.rmtree, cls.template)
    program = testing.project(cls.template)
    gate.make(testing.asked_of(cls.template), program)

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path) / 'project'
    shutil.copytree(self.template, self.root)
    self.gate = testing.asked_of(self.root)
    self.folder = self.gate.output
    self.bundle = bundle_lib.load(self.folder)

  def refusals(self, at_least: int = 1) -> list[str]:
    """Returns what is refused of the bundle now."""
    return refuse.of_bundle(self.root, self.bundle, self.folder, at_least)

  def entry(self) -> dict[str, Any]:
    """Returns what the bundle says of the test of the technique."""
    return next(t for t in self.bundle['tests'] if t['technique'] == 'pruning')

  def one(self, *patterns: str, at_least: int = 1) -> None:
    """Asserts that just such lines are refused, in this order."""
    found = self.refusals(at_least)
    self.assertLen(found, len(patterns), found)
    for line, pattern in zip(found, patterns):
      self.assertRegex(line, pattern)
      self.assertNotIn('\n', line)

  def change_record(
      self, change: Callable[[dict[str, Any]], None], kind: str = 'seed'
  ) -> str:
    """Changes a record; returns its name in the bundle."""
    name = f'records/pruning/{testing.TEST}.{kind}1.json'
    value = json.loads((self.folder / name).read_text(encoding='utf-8'))
    change(value)
    (self.folder / name).write_text(json.dumps(value), encoding='utf-8')
    return name

  def reseal(self, name: str) -> None:
    """Does as one would who knows how digests are made."""
    digest = bundle_lib.record.digest_of_file(self.folder / name)
    self.entry()['records'][name] = digest
    self.entry()['seeds'][0]['record'] = digest
    self.bundle = signatures.seal(self.bundle)

  def unreadable(self, text: str, message: str) -> None:
    """Asserts that a bundle with such a JSON cannot be read."""
    (self.folder / bundle_lib.BUNDLE).write_text(text, encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, message):
      bundle_lib.load(self.folder)

  def test_good(self):
    self.one()
    self.assertEqual(
        [t['status'] for t in self.bundle['tests']], ['PASSED'] * 2
    )

  def test_missing_test(self):
    self.bundle['tests'].remove(self.entry())
    self.one(f'^missing: {_WHERE} has no verdict; run')

  def test_missing_claim(self):
    self.entry()['claims'].pop(0)
    self.one(f'^missing: {_WHERE} has no verdict on accuracy_drop')

  def test_missing_seed(self):
    self.one(f'^missing: {_WHERE} has 1 seeds of 2', at_least=2)

  def test_missing_record(self):
    name = f'records/pruning/{testing.TEST}.control1.json'
    (self.folder / name).unlink()
    self.one(f'^missing: {_WHERE} stands on {name}, which is gone')

  def test_missing_control(self):
    name = f'records/pruning/{testing.TEST}.control1.json'
    self.entry()['records'].pop(name)
    self.bundle = signatures.seal(self.bundle)
    self.one(f'^missing: {_WHERE} has no run of .*_control_epoch for each seed')

  def test_missing_run(self):
    name = f'tfmot_contrib/pruning/{testing.TEST}_record.json'
    (self.root / 'bazel-bin' / name).unlink()
    made = gate.make(self.gate, str(self.root / 'bazel'))
    self.assertRegex(
        made['refusals'][0], f'^missing: {_WHERE} has no verdict .not built.'
    )

  def test_claims_are_judged_as_they_stand_now(self):
    steps = {'metric': 'training.steps', 'as': 'value', 'at_most': 1}
    testing.change_technique(self.root, claim=steps)
    found = self.refusals()
    self.assertIn(f'failed: accuracy_drop of {_WHERE} is ', ' '.join(found))

  def test_stale_code(self):
    path = self.root / 'tfmot_contrib/pruning/experiments.py'
    path.write_text('STEPS = 3\n', encoding='utf-8')
    self.one(f'^stale: {_WHERE} was run with other code')

  def test_stale_mirror(self):
    path = self.root / 'official/upstream.lock'
    text = path.read_text(encoding='utf-8').replace('c' * 64, 'd' * 64)
    path.write_text(text, encoding='utf-8')
    self.one('^stale: the bundle is of the mirror cccccccccccc, the tree has d')

  def test_stale_tfmot(self):
    name = self.change_record(
        lambda value: value.update(
            versions={'tensorflow-model-optimization': '0.8.0'}
        )
    )
    self.reseal(name)
    self.assertIn(
        f'stale: seed 1 of {_WHERE} was trained with TFMOT 0.8.0, not 0.8.1;'
        ' run tools/nox -s release_gate again',
        self.refusals(),
    )

  def test_stale_test(self):
    build = self.root / 'tfmot_contrib/pruning/BUILD'
    build.write_text('', encoding='utf-8')
    self.one(f'^stale: {_WHERE} is no test of this tree any more')

  def test_stale_schema(self):
    self.bundle['schema'] = 0
    self.unreadable(json.dumps(self.bundle), '^stale: .* of schema 0')

  def test_tampered_record(self):
    name = self.change_record(lambda value: value['training'].update(steps=99))
    self.one(f'^tampered: {name} is not the record that {_WHERE} was judged by')

  def test_tampered_bundle(self):
    self.entry()['claims'][0]['measured'] = 0.1
    text = json.dumps(self.bundle)
    self.unreadable(text, '^tampered: .* was edited')
    self.unreadable(text[:99], '^tampered: .* is no JSON')

  def test_tampered_claim_with_a_new_seal(self):
    claims = self.entry()['claims']
    claims.append({**claims[0], 'claim': 'latency'})
    claims[0]['measured'] = 0.1
    self.bundle = signatures.seal(self.bundle)
    self.one(
        f'^tampered: accuracy_drop of {_WHERE} has measured 0.1, its records'
        ' say 0.5',
        f'^tampered: {_WHERE} has a verdict on latency',
    )

  def test_tampered_record_with_a_new_seal(self):
    name = self.change_record(
        lambda value: value['exported']['float'].update(accuracy=79.9)
    )
    self.reseal(name)
    self.assertRegex(
        self.refusals()[0],
        f'^tampered: accuracy_drop of {_WHERE} has measured 0.5, its records',
    )

  def test_tampered_control_of_another_recipe(self):
    name = self.change_record(
        lambda value: value['params']['trainer'].update(train_steps=3),
        'control',
    )
    self.reseal(name)
    self.one(f'^tampered: {_WHERE}: the control .* has another recipe')

  def remade(self) -> list[str]:
    """Returns what is refused of a bundle that is made now."""
    made = gate.make(self.gate, str(self.root / 'bazel'))
    return [x for x in made['refusals'] if not x.startswith('signed:')]

  def test_claim_without_reference(self):
    shutil.rmtree(self.root / 'tfmot_contrib/pruning/references')
    self.assertEqual(
        self.remade(),
        [
            f'unreferenced: {_WHERE} has no reference for accuracy_drop,'
            ' training_health, exported_as_trained; make it with tools/nox -s'
            f' reference -- {testing.TEST}'
        ],
    )

  def test_drop_without_reference_of_its_processor(self):
    references = self.root / 'tfmot_contrib/pruning/references'
    path = references / f'cpu_avx2/{testing.TEST}.json'
    made = testing.make.reference.read(path)
    shutil.rmtree(references)
    made = dataclasses.replace(made, instruction_set='avx512f')
    testing.make.reference.write(
        made, references / f'cpu_avx512f/{testing.TEST}.json'
    )
    self.assertLen(self.remade(), 1)
    self.assertRegex(
        self.remade()[0],
        f'^unreferenced: {_WHERE} has no reference of avx2 processors for'
        ' accuracy_drop; make it',
    )

  def test_known_failure_that_passes(self):
    testing.change_technique(self.root, claim=_known('2999-01-01'))
    self.assertEqual(
        self.remade(),
        [
            f'mended: accuracy_drop of {_WHERE} is a known failure'
            ' (https://github.com/x/y/issues/1) and passes; take known_failure'
            ' out of tfmot_contrib/pruning/technique.yaml'
        ],
    )

  def test_known_failure_that_fails_is_listed(self):
    testing.change_technique(self.root, claim=_known('2999-01-01'))
    bazel_testing.records(self.root, [2.5, 2.6, 2.7, 2.5, 2.6])
    self.assertEqual(self.remade(), [])
    self.assertEqual(
        [
            k['claim']
            for k in refuse.known_failures(self.root, ['pruning'], 'cpu')
        ],
        ['accuracy_drop'],
    )

  def test_claim_that_fails(self):
    bazel_testing.records(self.root, [2.5, 2.6, 2.7, 2.5, 2.6])
    self.assertRegex(
        self.remade()[0], f'^failed: accuracy_drop of {_WHERE} is 2.6, bound'
    )


def _known(until: str) -> dict[str, Any]:
  """Returns what makes the claim a known failure."""
  known = {'issue': 'https://github.com/x/y/issues/1', 'owner': '@owner'}
  return {'known_failure': {**known, 'until': until}}


if __name__ == '__main__':
  absltest.main()
