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

"""Tests the driver as people run it: bad input, kill -9 and going on."""

import glob
import os
import pathlib
import re
import signal
import subprocess
import time

from absl.testing import absltest
from absl.testing import parameterized
import runfiles
import yaml

_STEPS = 80
_OVERRIDES = {
    'runtime': {'mixed_precision_dtype': 'float32'},
    'task': {
        'model': {
            'backbone': {
                'cifar_resnet': {
                    'model_id': 8,
                    'depth_multiplier': 0.125,
                }
            }
        },
        'train_data': {'global_batch_size': 32, 'seed': 5},
        'validation_data': {'global_batch_size': 64},
    },
    'trainer': {
        'train_steps': _STEPS,
        'steps_per_loop': 1,
        'summary_interval': 1,
        'checkpoint_interval': 20,
        'validation_interval': _STEPS,
    },
}
_PRUNED = {
    'schedule': 'polynomial',
    'final_sparsity': 0.75,
    'begin_step': 1,
    'end_step': 61,
    'frequency': 10,
}


def read(path):
  """Returns the text of a file, or nothing if there is none yet."""
  return path.read_text(encoding='utf-8') if path.exists() else ''


class TrainTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    found = runfiles.Create()
    self.program = found.Rlocation('tfmot_models/tfmot_contrib/train')
    labels = found.Rlocation('cifar10/smoke/train_labels.npy')
    self.data = os.path.dirname(labels)
    self.root = pathlib.Path(self.create_tempdir().full_path)

  def command(self, experiment, model_dir, overrides, mode='train_and_eval'):
    """Returns the command line of a training."""
    config = self.root / 'config.yaml'
    config.write_text(yaml.safe_dump(overrides), encoding='utf-8')
    data = ','.join(
        f'task.{split}.input_path={self.data}'
        for split in ('train_data', 'validation_data')
    )
    return [
        self.program,
        f'--experiment={experiment}',
        f'--mode={mode}',
        f'--model_dir={self.root / model_dir}',
        f'--config_file={config}',
        f'--params_override={data}',
    ]

  def run_to_end(self, *arguments, **options):
    """Returns the finished process and its last lines, the metrics."""
    done = subprocess.run(
        self.command(*arguments, **options),
        capture_output=True,
        text=True,
        check=False,
    )
    metrics = [
        line
        for line in done.stdout.splitlines()
        if line.startswith(('accuracy:', 'top_5_accuracy:', 'validation_loss:'))
    ]
    return done, metrics

  @parameterized.named_parameters(
      ('float', 'resnet_cifar10', {}),
      ('pruned', 'resnet_cifar10_pruning', {'technique': _PRUNED}),
  )
  def test_killed_training_ends_as_if_nothing_had_happened(
      self, experiment, task
  ):
    overrides = {**_OVERRIDES, 'task': {**_OVERRIDES['task'], **task}}
    whole, expected = self.run_to_end(experiment, 'whole', overrides)
    self.assertEqual(whole.returncode, 0, whole.stderr[-2000:])
    self.assertLen(expected, 3)
    events = glob.glob(f'{self.root}/whole/*/events.out.tfevents.*')
    self.assertNotEmpty(events)

    with subprocess.Popen(
        self.command(experiment, 'killed', overrides),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as training:
      deadline = time.monotonic() + 240
      state = self.root / 'killed/checkpoint'
      # The first checkpoint comes after one step, the next after twenty more.
      while not re.search(r'"ckpt-[2-9]\d"', read(state)):
        self.assertIsNone(training.poll(), 'it ended before it was killed')
        self.assertLess(time.monotonic(), deadline)
        time.sleep(0.005)
      training.send_signal(signal.SIGKILL)
      training.wait()
    resumed, metrics = self.run_to_end(experiment, 'killed', overrides)
    self.assertEqual(resumed.returncode, 0, resumed.stderr[-2000:])
    self.assertRegex(
        resumed.stdout + resumed.stderr, 'restored from checkpoint'
    )
    self.assertEqual(metrics, expected)

  def assert_one_line(self, done, *parts):
    """Asserts exit code 2 and one line that names the thing and the mend."""
    self.assertEqual(done.returncode, 2, done.stderr[-2000:])
    lines = [x for x in done.stderr.splitlines() if x.startswith('error: ')]
    self.assertLen(lines, 1)
    self.assertEqual(done.stderr.splitlines()[-1], lines[0])
    for part in parts:
      self.assertIn(part, lines[0])
    self.assertNotIn('Traceback', done.stderr)

  def test_bad_input_is_one_line(self):
    done, _ = self.run_to_end('resnet_cifar100', 'a', {})
    self.assert_one_line(
        done, 'no experiment resnet_cifar100', 'resnet_cifar10'
    )
    done, _ = self.run_to_end('resnet_cifar10', 'b', {'trainer': {'stepz': 1}})
    self.assert_one_line(done, 'stepz', 'resnet_cifar10')
    wrong = {'task': {'init_checkpoint': f'{self.root}/nowhere/'}}
    (self.root / 'nowhere').mkdir()
    done, _ = self.run_to_end('resnet_cifar10', 'c', wrong)
    self.assert_one_line(done, 'no checkpoint in', 'nowhere')
    self.data = str(self.root)
    done, _ = self.run_to_end('resnet_cifar10', 'd', {})
    self.assert_one_line(done, 'does not hold CIFAR-10', 'cifar10_provider')


if __name__ == '__main__':
  absltest.main()
