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

"""Tests of the catalogue of faults, and of what is made of a detection."""

import ast
import contextlib
import io
import json
import pathlib
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.faults import inject
from tools.reference import draw
from tools.reference import small_project
from tools.versions import bootstrap

_FAULTS = inject.catalogue()


class CatalogueTest(parameterized.TestCase):

  @parameterized.named_parameters((f.id, f) for f in _FAULTS if f.file)
  def test_is_another_program(self, fault):
    if fault.of == 'project':
      path = bootstrap.ROOT / fault.file
    else:
      path = inject.tfmot_file(fault.file)
    text = path.read_text(encoding='utf-8')
    changed = fault.apply(text)
    self.assertNotEqual(changed, text)
    same = ast.dump(ast.parse(changed)) == ast.dump(ast.parse(text))
    if 'comment' in fault.id:
      self.assertTrue(same)
    else:
      self.assertFalse(same)

  def test_enough_of_both(self):
    self.assertGreaterEqual(len([f for f in _FAULTS if not f.control]), 30)
    self.assertGreaterEqual(len([f for f in _FAULTS if f.control]), 20)

  def test_entry_with_seeds_is_one_for_each(self):
    path = pathlib.Path(self.create_tempdir().full_path) / 'faults.yaml'
    path.write_text(
        '- {id: u, what: unseen, control: true, tests: [a, b], seeds: [4, 5]}',
        encoding='utf-8',
    )
    found = inject.catalogue(path)
    self.assertEqual(
        [(f.id, f.tests, f.seed) for f in found],
        [
            ('u_4_a', ('a',), 4),
            ('u_5_a', ('a',), 5),
            ('u_4_b', ('b',), 4),
            ('u_5_b', ('b',), 5),
        ],
    )

  def test_every_technique_has_faults(self):
    folders = inject._folders(bootstrap.ROOT)  # pylint: disable=protected-access
    hit = {folders[t] for f in _FAULTS if not f.control for t in f.tests}
    self.assertEqual(hit, set(folders.values()) - {'baselines'})

  @parameterized.parameters(
      ('[]', 'non-empty'),
      ('- {id: a, what: wrong, tests: [], control: true}', '0/tests'),
      ('- {id: a, what: wrong, tests: [b], control: true, file: c.py}', 'at 0'),
      ('- {id: a, what: wrong, tests: [b]}', 'at 0'),
      ('- {id: a, what: wrong, tests: [b], control: true}\n' * 2, 'twice'),
  )
  def test_bad_catalogue(self, text, message):
    path = pathlib.Path(self.create_tempdir().full_path) / 'faults.yaml'
    path.write_text(text, encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, message):
      inject.catalogue(path)

  def test_replaces_the_first_place_behind_the_anchor(self):
    fault = inject.Fault(
        'a', '', ('t',), file='f', old='x', new='y', after='def'
    )
    self.assertEqual(fault.apply('x def x x'), 'x def y x')
    with self.assertRaisesRegex(errors.InputError, 'the fault a replaces'):
      fault.apply('x x')


class InjectedTest(absltest.TestCase):

  def test_file_of_tfmot_goes_into_an_overlay(self):
    fault = next(f for f in _FAULTS if f.id == 'prune_by_sign')
    with inject.injected(fault, pathlib.Path('/nowhere')) as (option,):
      overlay = pathlib.Path(option.removeprefix('--repo_env=TFMOT_OVERLAY='))
      (path,) = [p for p in overlay.rglob('*') if p.is_file()]
      self.assertEndsWith(str(path), f'python/core/{fault.file}')
      self.assertIn(fault.new, path.read_text(encoding='utf-8'))
    self.assertFalse(overlay.exists())

  def test_file_of_the_project_is_put_back(self):
    tree = pathlib.Path(self.create_tempdir().full_path)
    path = tree / 'a.py'
    path.write_text('x = 1\n', encoding='utf-8')
    fault = inject.Fault(
        'a', '', ('t',), file='a.py', old='1', new='2', of='project'
    )
    with self.assertRaises(KeyError):
      with inject.injected(fault, tree) as options:
        self.assertEqual(options, ())
        self.assertEqual(path.read_text(encoding='utf-8'), 'x = 2\n')
        raise KeyError
    self.assertEqual(path.read_text(encoding='utf-8'), 'x = 1\n')


class DetectTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)

  def detect(self, drop: float, seed: int = 1) -> inject.Detection:
    """Detects a fault that loses so much accuracy."""
    program = small_project.project(self.root, [drop])
    fault = inject.Fault(
        'a', 'it is lost', (small_project.TEST,), ('accuracy',), seed=seed
    )
    return inject.detect(fault, draw.Bazel(program, self.root), ['cpu'])

  def test_seen(self):
    detection = self.detect(5.0)
    self.assertEqual(detection.seen, {'accuracy_drop': ['accuracy']})
    self.assertTrue(detection.right)
    self.assertAlmostEqual(detection.cpu_minutes, 20 / 60, 2)

  def test_not_seen(self):
    self.assertEqual(self.detect(1.0).seen, {})

  def test_run_that_fails_is_seen(self):
    detection = self.detect(1.0, seed=7)
    self.assertEqual(detection.seen, {'the run itself': ['the run itself']})
    self.assertFalse(detection.right)

  def test_run_that_does_not_belong_is_seen(self):
    with mock.patch.object(
        inject.judge, 'check', side_effect=[None, errors.InputError('foreign')]
    ):
      seen = self.detect(1.0).seen
    self.assertEqual(seen, {'invalid: foreign': ['invalid']})


class FlagsTest(parameterized.TestCase):

  @parameterized.parameters(
      (['--workers=0'], '--workers must be 1 or more'),
      (['--write', '--fault', 'prune_by_sign'], '--write takes all faults'),
      (['--fault', 'no_such'], 'no such fault; there are prune_keeps_small'),
  )
  def test_bad_flags(self, flags, message):
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr):
      with self.assertRaises(SystemExit) as raised:
        inject.main(flags)
    self.assertNotEqual(raised.exception.code, 0)
    self.assertIn(message, stderr.getvalue())


class SummaryTest(absltest.TestCase):

  def test_shares(self):
    seen = {'x': ['accuracy']}
    detections = [
        inject.Detection('a', False, seen, True, '//f:t_smoke', 1.0),
        inject.Detection('b', False, seen, False, '//f:t', 2.0),
        inject.Detection('c', False, {}, False, '//f:t', 2.0),
        inject.Detection('d', True, {}, False, '//f:t', 2.0),
    ]
    faults = [
        inject.Fault(name, f'what {name} is', ('t',), ('structure',))
        for name in 'abcd'
    ]
    summary = inject.summary(detections)
    self.assertEqual(summary['detected_share'], 0.3333)
    self.assertEqual(summary['seen_share'], 0.6667)
    self.assertEqual(summary['false_alarm_share'], 0.0)
    self.assertEqual(json.loads(json.dumps(summary)), summary)
    text = inject.document(detections, faults)
    self.assertIn(
        '| `a` | what a is | structure | x (accuracy) | `t_smoke` | 1.0 |', text
    )
    self.assertIn(' | **nothing** | `t` | 2.0 |', text)
    self.assertIn(' | nothing, as it should be | `t` | 2.0 |', text)


if __name__ == '__main__':
  absltest.main()
