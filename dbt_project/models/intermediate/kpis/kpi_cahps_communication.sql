{{ cahps_top_box('communication') }}
