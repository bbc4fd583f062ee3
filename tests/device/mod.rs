//! Devices through their real drivers: ports, owners and simulators that speak the devices' bytes.

mod bench;
mod firmware;
mod labels;
mod lines;
mod print_cut;
mod printer;
mod random;
mod scale;
mod scanner;
mod shop;
mod trial;
