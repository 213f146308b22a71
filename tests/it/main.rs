//! Tests of the real program: it is started as a browser or a shell would
//! start it, and spoken to over its pipes and its port.

mod command_line;
mod contract;
mod faults;
mod host;
mod messages;
mod site;
mod tidy;
