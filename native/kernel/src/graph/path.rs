//! What frames and activations are called: `each[17]/improve#3`.

use std::sync::Arc;

use super::activation::Activation;
use super::events::Subject;
use super::rules::Style;
use super::run::Run;

impl Run {
    /// The path of a frame; empty for the root. It is made once per frame, when somebody asks.
    pub(super) fn frame_path(&mut self, frame: u64) -> Arc<str> {
        if let Some(path) = &self.frames[frame].path {
            return Arc::clone(path);
        }
        let path: Arc<str> = match self.frames[frame].container {
            None => Arc::from(""),
            Some(container) => self.inner_path(container, self.frames[frame].index).into(),
        };
        self.frames[frame].path = Some(Arc::clone(&path));
        path
    }

    fn inner_path(&mut self, container: Activation, index: u64) -> String {
        let outer = self.frame_path(container.frame());
        let body = self.frames[container].body as usize;
        let node = self.plan.scope(self.frames[container.frame()].scope).node(body);
        let slash = if outer.is_empty() { "" } else { "/" };
        match node.rules.style {
            Style::Map => format!("{outer}{slash}{}[{index}]", node.id),
            Style::Loop => format!("{outer}{slash}{}#{}", node.id, index + 1),
            Style::Subworkflow => format!("{outer}{slash}{}", node.id),
        }
    }

    /// The activation as events name it.
    pub(super) fn subject(&mut self, activation: Activation) -> Subject {
        let frame_path = self.frame_path(activation.frame());
        let frame = &self.frames[activation.frame()];
        let attempt = frame.slots[activation.node()].attempt;
        Subject { activation, scope: frame.scope, frame_path, attempt }
    }
}
