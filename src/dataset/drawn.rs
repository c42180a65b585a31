//! A drawn (synthetic) dataset in HAM10000's form.
