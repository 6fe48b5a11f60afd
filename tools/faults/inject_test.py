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

"""Tests of where faults go, and of what is made of a detection."""

import ast
import contextlib
import io
import json
import pathlib
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import pairing
from tools.env import bootstrap
from tools.faults import catalogue
from tools.faults import inject
from tools.suite import bazel_testing
from tools.suite import draw

_FAULTS = catalogue.read()
_BLIND = catalogue.read(
    [pathlib.Path(catalogue.__file__).parent / 'blind.yaml']
)


class OursTest(parameterized.TestCase):

  @parameterized.named_parameters(
      (f.id, f) for f in [*_FAULTS, *_BLIND] if f.file
  )
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

  def test_every_technique_has_faults(self):
    folders = inject._folders(bootstrap.ROOT)  # pylint: disable=protected-access
    hit = {folders[t] for f in _FAULTS if not f.control for t in f.tests}
    self.assertEqual(hit, set(folders.values()) - {'baselines'})


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
    fault = catalogue.Fault(
        'a', '', ('t',), file='a.py', old='1', new='2', of='project'
    )
    with self.assertRaises(KeyError):
      with inject.injected(fault, tree) as options:
        self.assertEqual(options, ())
        self.assertEqual(path.read_text(encoding='utf-8'), 'x = 2\n')
        raise KeyError
    self.assertEqual(path.read_text(encoding='utf-8'), 'x = 1\n')

  def test_file_that_is_not_there(self):
    for of in ('tfmot', 'project'):
      fault = catalogue.Fault('a', '', ('t',), file='gone.py', of=of)
      with self.assertRaisesRegex(
          errors.InputError, 'the fault a is of gone.py, which cannot be read'
      ):
        with inject.injected(fault, pathlib.Path('/nowhere')):
          self.fail('it was put somewhere')


class DetectTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)

  def detect(self, drop: float, seed: int = 1) -> inject.Detection:
    """Detects a fault that loses so much accuracy."""
    program = bazel_testing.project(self.root, [drop])
    fault = catalogue.Fault(
        'a', 'it is lost', (bazel_testing.TEST,), ('accuracy',), seed=seed
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

  def test_bazel_that_fails_sees_nothing(self):
    program = bazel_testing.project(self.root, [1.0])
    broken = self.root / 'broken'
    broken.write_text(
        '#!/bin/sh\ncase " $* " in *" build "*) exit 37;; esac\n'
        f'exec {program} "$@"\n'
    )
    broken.chmod(0o755)
    fault = catalogue.Fault('a', '', (bazel_testing.TEST,), ('accuracy',))
    with self.assertRaisesRegex(draw.BazelError, 'bazel build ended with 37'):
      inject.detect(fault, draw.Bazel(str(broken), self.root), ['cpu'])

  @parameterized.parameters(
      ([errors.InputError('foreign')],),  # With its baseline or control.
      ([None, errors.InputError('foreign')],),  # With its reference.
  )
  def test_run_that_does_not_belong_is_seen(self, checks):
    with mock.patch.object(pairing, 'check', side_effect=checks):
      seen = self.detect(1.0).seen
    self.assertEqual(seen, {'invalid: foreign': ['invalid']})

  @parameterized.parameters(
      (['near_reference'], False),
      (['near_reference', 'zipped_size'], True),
  )
  def test_near_reference_is_told_apart(self, claims, alone):
    red = [mock.Mock(good=False, kinds=['accuracy']) for _ in claims]
    for one, claim in zip(red, claims, strict=True):
      one.claim.id = claim
    with mock.patch.object(inject.judge, 'judge', return_value=red):
      with mock.patch.object(inject.explain, 'explain', return_value=''):
        detection = self.detect(1.0)
    self.assertEqual((detection.right, detection.right_alone), (True, alone))


class FlagsTest(parameterized.TestCase):

  @parameterized.parameters(
      (['--workers=0'], '--workers must be 1 or more'),
      (['--write', '--fault', 'prune_by_sign'], '--write takes all faults'),
      (['--write', '--catalogue', 'own.yaml'], '--write takes all faults'),
      (['--catalogue', 'no_such.yaml'], 'no_such.yaml is no YAML file'),
      (['--fault', 'no_such'], 'no fault no_such: there are prune_keeps_small'),
      (
          ['--fault', 'no_such', '--fault', 'prune_by_sign'],
          'no fault no_such',
      ),
      (['--technique', 'post_train'], 'no fault is of post_train'),
  )
  def test_bad_flags(self, flags, message):
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr):
      with self.assertRaises(SystemExit) as raised:
        inject.main(flags)
    self.assertNotEqual(raised.exception.code, 0)
    self.assertIn(message, stderr.getvalue())

  def test_fault_for_a_test_that_is_not_there(self):
    path = pathlib.Path(self.create_tempfile('own.yaml').full_path)
    path.write_text('[{id: a_b, what: It is lost., control: true, tests: [x]}]')
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr), self.assertRaises(SystemExit):
      inject.main(['--catalogue', str(path)])
    self.assertIn(
        'a_b is for x, which is no convergence test', stderr.getvalue()
    )


def _detection(*, seen: bool, right: bool = True, control: bool = False):
  """Returns what became of a fault."""
  by = {'x': ['accuracy']} if seen else {}
  return inject.Detection('a', control, by, right, right, '//f:t', 1.0)


class HeldTest(absltest.TestCase):

  def test_most_by_the_right_kind(self):
    wrong = _detection(seen=True, right=False)
    right = [_detection(seen=True)] * 19
    self.assertTrue(inject.held([*right, wrong]))
    self.assertFalse(inject.held([*right, wrong, wrong]))

  def test_fault_that_nothing_saw(self):
    unseen = _detection(seen=False, right=False)
    self.assertFalse(inject.held([*[_detection(seen=True)] * 40, unseen]))

  def test_controls(self):
    self.assertTrue(inject.held([_detection(seen=False, control=True)]))
    self.assertFalse(inject.held([_detection(seen=True, control=True)]))


class SummaryTest(absltest.TestCase):

  def test_shares(self):
    seen = {'x': ['accuracy']}
    detections = [
        inject.Detection('a', False, seen, True, False, '//f:t_smoke', 1.0),
        inject.Detection('b', False, seen, False, False, '//f:t', 2.0),
        inject.Detection('c', False, {}, False, False, '//f:t', 2.0),
        inject.Detection('d', True, {}, False, False, '//f:t', 2.0),
    ]
    faults = [
        catalogue.Fault(name, f'what {name} is', ('t',), ('structure',))
        for name in 'abcd'
    ]
    summary = inject.summary(detections)
    self.assertEqual(summary['detected_share'], 0.3333)
    self.assertEqual(summary['detected_share_without_near'], 0.0)
    self.assertEqual(summary['seen_share'], 0.6667)
    self.assertEqual(summary['false_alarm_share'], 0.0)
    self.assertEqual(json.loads(json.dumps(summary)), summary)
    text = inject.document(detections, faults)
    self.assertIn(
        '| `a` | what a is | structure | x (accuracy) | `t_smoke` | 1.0 |', text
    )
    self.assertIn(' | **nothing** | `t` | 2.0 |', text)
    self.assertIn('Of the 4 rows a smoke test decided 1.', text)
    self.assertIn(' | nothing, as it should be | `t` | 2.0 |', text)


if __name__ == '__main__':
  absltest.main()
