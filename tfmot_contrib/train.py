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

r"""The driver: trains and evaluates any experiment, float or with a technique.

It is Official Models' own vision driver with three things added: the modules of
this fork are registered, a seed decides everything random, and bad input ends
with one line. A training that was killed goes on from its last checkpoint and
ends as if nothing had happened. The folder then holds `model.keras`, which the
next technique (`task.init_model`) and `optimize.py` start from.

  bazel run //tfmot_contrib:train -- --experiment=mobilenet_v2_cifar10 \
      --mode=train_and_eval --model_dir=/tmp/mobilenet
"""

from absl import app
from absl import flags
import gin

from official.common import flags as tfm_flags
from tfmot_contrib import errors
from tfmot_contrib import experiment
from tfmot_contrib import registry_imports  # pylint: disable=unused-import


@errors.exits_with_one_line
def main(_) -> None:
  """Runs the experiment of the flags."""
  options = flags.FLAGS
  gin.parse_config_files_and_bindings(options.gin_file, options.gin_params)
  params = experiment.parse(options)
  model, metrics, task = experiment.train(
      params, options.mode, options.model_dir
  )
  if 'train' in options.mode and hasattr(task, 'result'):
    task.result(model).save(f'{options.model_dir}/model.keras')
  for name, value in sorted(metrics.items()):
    print(f'{name}: {float(value):.4f}')


if __name__ == '__main__':
  tfm_flags.define_flags()
  flags.mark_flags_as_required(['experiment', 'mode', 'model_dir'])
  app.run(main)
