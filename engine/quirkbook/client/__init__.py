"""completion() and acompletion(): a request is built, translated, sent, and its response translated back."""
