//! A model's chat template, rendered as Python's transformers renders it.
//!
//! It turns values into text; what messages and tools are, and what the text is for, is not known here.

mod clock;
mod json;

use minijinja::{
    Environment, Error, ErrorKind, Value, context, syntax::SyntaxConfig, value::Kwargs,
};
use minijinja_contrib::pycompat::unknown_method_callback;

use super::error::Problem;

/// What is rendered where a file has no template.
const CHATML: &str = include_str!("template/chatml.jinja");

const NAME: &str = "chat";

/// A chat template, compiled.
pub(super) struct ChatTemplate {
    environment: Environment<'static>,
    begin: String,
    end: String,
}

impl ChatTemplate {
    /// Compiles a template; `begin` and `end` are what the model's texts begin and end with.
    pub(super) fn new(source: Option<&str>, begin: String, end: String) -> Result<Self, Problem> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(unusable)?;
        environment.set_syntax(syntax);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", clock::strftime_now);
        environment.add_filter("tojson", to_json);
        environment
            .add_template_owned(NAME, source.unwrap_or(CHATML).to_owned())
            .map_err(unusable)?;
        Ok(Self {
            environment,
            begin,
            end,
        })
    }

    /// The text that asks for a reply to `messages`, when `tools` (none, or a list) may be called.
    pub(super) fn render(&self, messages: Value, tools: Value) -> Result<String, Problem> {
        let template = self.environment.get_template(NAME).map_err(unusable)?;
        template
            .render(context! {
                messages,
                tools,
                add_generation_prompt => true,
                bos_token => self.begin.as_str(),
                eos_token => self.end.as_str(),
            })
            .map_err(unusable)
    }
}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

fn to_json(value: &Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    json::to_json(value, indent)
        .map(Value::from_safe_string)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

fn unusable(error: Error) -> Problem {
    let line = error.line().map(|line| format!(" (line {line})"));
    Problem::Template(format!("{error}{}", line.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use minijinja::value::Serde;

    use super::*;

    fn render(source: &str) -> Result<String, Problem> {
        let template = ChatTemplate::new(Some(source), "<s>".to_owned(), "</s>".to_owned())?;
        let messages = serde_json::json!([{"role": "user", "content": "Hi <b>"}]);
        template.render(Value::from(Serde(messages)), Value::from(()))
    }

    #[test]
    fn blocks_leave_no_lines() {
        let source = "{{ bos_token }}\n  {% for message in messages %}\n{{ message['content'] }}\n  {% endfor %}\n{{ eos_token }}\n";
        assert_eq!(render(source).unwrap(), "<s>\nHi <b>\n</s>");
    }

    #[test]
    fn the_methods_and_names_of_python_are_there() {
        let source = "{{ messages[0].content.split(' ')[0].upper() }}{{ tools is none }}{{ messages[0].name is defined }}";
        assert_eq!(render(source).unwrap(), "HITrueFalse");
        assert_eq!(render("{{ strftime_now('%Y') | length }}").unwrap(), "4");
    }

    #[test]
    fn values_are_written_as_python_writes_json() {
        let source = "{{ {'b': [1, 'ä<'], 'a': none} | tojson }}";
        assert_eq!(render(source).unwrap(), r#"{"b": [1, "ä<"], "a": null}"#);
    }

    #[test]
    fn a_template_can_refuse() {
        let error = render("{{ raise_exception('only users speak') }}").unwrap_err();
        assert!(error.to_string().contains("only users speak"), "{error}");
        let error = render("{% for %}").unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
    }

    #[test]
    fn chatml_is_used_where_there_is_none() {
        let template = ChatTemplate::new(None, String::new(), String::new()).unwrap();
        let messages = serde_json::json!([{"role": "user", "content": "Hi"}]);
        let text = template.render(Value::from(Serde(messages)), Value::from(()));
        let expected = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";
        assert_eq!(text.unwrap(), expected);
    }
}
